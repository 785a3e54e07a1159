"""What keeps backups: objects by name, whole or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from fairlead.errors import FairleadError


class Gone(FairleadError):
    """There is no such object."""


class Unreachable(FairleadError):
    """The destination cannot be used now."""


class Denied(Unreachable):
    """Whoever asks may not do that: with keys that may write alone, or while an object is locked."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object."""

    name: str
    size: int  #: bytes


Write = Callable[[bytes], None]


class Destination(Protocol):
    """A place for objects. Names have `/` in them. Whatever fails is Unreachable, or Denied, with what to do."""

    shown: str  #: as a person knows it
    again: float  #: seconds for which what was seen in it may be believed

    def writing(self, name: str) -> AbstractContextManager[Write]:
        """Write an object piece by piece: it is there when the block ends, and not at all when the block fails."""

    def reading(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Read an object piece by piece. Gone."""

    def items(self, prefix: str) -> tuple[Item, ...]:
        """All whose names begin with `prefix` and a `/`, sorted by name."""

    def delete(self, name: str) -> None:
        """Remove one; nothing happens when it is not there."""


def put(where: Destination, name: str, data: bytes) -> None:
    """A small object."""
    with where.writing(name) as write:
        write(data)


def get(where: Destination, name: str) -> bytes:
    """A small object. Gone."""
    with where.reading(name) as pieces:
        return b"".join(pieces)
