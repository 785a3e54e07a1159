"""What back ends share that keep all values of an environment as one object: Vault's KV engine, AWS Secrets Manager."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fairlead.masking import Secret

Values = dict[str, Any]


class OneObject(ABC):
    """Reads and changes by name what can only be read and written whole; every change is one new version of it."""

    @abstractmethod
    def values(self) -> Values:
        """The whole object, empty when there is none yet. Unavailable."""

    @abstractmethod
    def change(self, edit: Callable[[Values], Values]) -> None:
        """Write what `edit` makes of it, so that nobody else's change is lost unseen. Unavailable, ReadOnly."""

    def names(self) -> tuple[str, ...]:
        """The keys of the object."""
        return tuple(sorted(self.values()))

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """Those that there are; what somebody else put there and is no text, as JSON."""
        values = self.values()
        return {name: Secret(_text(values[name])) for name in names if name in values}

    def set(self, values: Mapping[str, Secret]) -> None:
        """Keys of others in it stay."""
        new = {name: value.reveal() for name, value in values.items()}
        self.change(lambda old: old | new)

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """Of two that add at once, one does."""
        missing: list[str] = []

        def added(old: Values) -> Values:
            missing[:] = [name for name in values if name not in old]
            return old | {name: values[name].reveal() for name in missing}

        self.change(added)
        return tuple(missing)

    def delete(self, names: Collection[str]) -> None:
        """Older versions keep the values until the server forgets them."""
        self.change(lambda old: {name: value for name, value in old.items() if name not in names})


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
