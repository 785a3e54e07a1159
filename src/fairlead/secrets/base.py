"""What a place that keeps secrets can do, whichever it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from fairlead.errors import FairleadError
from fairlead.masking import Secret


class Unavailable(FairleadError):
    """The values cannot be had: no key, a sealed server, a damaged file. What was there is unchanged."""


class ReadOnly(FairleadError):
    """This back end, or this user in it, may read and not write."""


class Backend(Protocol):
    """Keeps the values of one environment's secrets, by name."""

    @property
    def where(self) -> str:
        """The place, as messages name it: a file, an address; never with a credential in it."""

    def names(self) -> tuple[str, ...]:
        """The names that have a value, sorted. Unavailable when that cannot be said."""

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """The values of these names; a name without one is missing in it. Unavailable."""

    def set(self, values: Mapping[str, Secret]) -> None:
        """Put all of these in place of what was there, or none of them. Unavailable, ReadOnly."""

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """Put those of these that have no value yet, all or none; the names that were put. Unavailable, ReadOnly."""

    def delete(self, names: Collection[str]) -> None:
        """Forget all of these, or none; one that is not there is no error. Unavailable, ReadOnly."""
