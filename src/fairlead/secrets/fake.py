"""A place in memory that keeps secrets, for tests and rehearsals."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fairlead.masking import Secret
from fairlead.secrets.base import ReadOnly, Unavailable


class FakeBackend:
    """Keeps values in a dict, and remembers how often each was changed."""

    def __init__(self, values: Mapping[str, str] | None = None, read_only: bool = False) -> None:
        self.values = {name: Secret(value) for name, value in (values or {}).items()}
        self.changes: dict[str, int] = {}
        self.read_only = read_only
        self.available = True

    @property
    def where(self) -> str:
        """Nowhere."""
        return "memory"

    def names(self) -> tuple[str, ...]:
        """Sorted."""
        self._ask()
        return tuple(sorted(self.values))

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """Those that there are."""
        self._ask()
        return {name: self.values[name] for name in names if name in self.values}

    def set(self, values: Mapping[str, Secret]) -> None:
        """All at once."""
        self._change()
        self.values |= values
        for name in values:
            self.changes[name] = self.changes.get(name, 0) + 1

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """Those that are missing."""
        self._ask()
        missing = {name: value for name, value in values.items() if name not in self.values}
        if missing:
            self.set(missing)
        return tuple(missing)

    def delete(self, names: Collection[str]) -> None:
        """All at once."""
        self._change()
        for name in names:
            self.values.pop(name, None)

    def _ask(self) -> None:
        if not self.available:
            raise Unavailable("memory cannot be read", "make it available")

    def _change(self) -> None:
        self._ask()
        if self.read_only:
            raise ReadOnly("memory is read-only", "use another back end")
