"""The back end `environment`: variables of the process that runs Fairlead, as a CI system sets them. Read-only.

`NAME_FILE` names a file that holds the value, as the images of many services take it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from fairlead.masking import Secret
from fairlead.secrets.base import ReadOnly, Unavailable


class EnvironmentBackend:
    """The variables that are declared as secrets; of all others nothing is known."""

    def __init__(self, declared: Collection[str], environ: Mapping[str, str] | None = None) -> None:
        self._declared = tuple(declared)
        self._environ = os.environ if environ is None else environ

    @property
    def where(self) -> str:
        """The environment of this process."""
        return "the environment of this command"

    def names(self) -> tuple[str, ...]:
        """Of the declared ones those that are set."""
        return tuple(
            sorted(name for name in self._declared if name in self._environ or f"{name}_FILE" in self._environ)
        )

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """Those that are set."""
        found = {name: self._value(name) for name in names}
        return {name: Secret(value) for name, value in found.items() if value is not None}

    def set(self, values: Mapping[str, Secret]) -> None:
        """ReadOnly, always."""
        self._refuse(values)

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """ReadOnly, when one is missing."""
        there = self.names()
        self._refuse([name for name in values if name not in there])
        return ()

    def delete(self, names: Collection[str]) -> None:
        """ReadOnly, always."""
        self._refuse(names)

    def _value(self, name: str) -> str | None:
        if name in self._environ:
            return self._environ[name]
        path = self._environ.get(f"{name}_FILE")
        if path is None:
            return None
        try:
            return Path(path).read_bytes().decode().removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            raise Unavailable(f"{path}, which {name}_FILE names, cannot be read: {why}", "mend the variable") from None

    def _refuse(self, names: Collection[str]) -> None:
        first = next(iter(names), None)
        if first is None:
            return
        what = f"{first} cannot be kept: secret_backend is environment, which Fairlead only reads"
        raise ReadOnly(what, f"set {first} where this command is started, in the CI system or the shell")
