"""Encryption of what leaves the machine: the format of age, as a stream, so that `age -d` opens it too; or `aes`.

https://age-encryption.org/v1: pieces of 64 KiB, each with its own tag, the last one marked; what was changed, cut short
or put in another order is refused. Which of the two it is shows at its beginning: both are read whatever is declared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Protocol

from fairlead.backups import aes
from fairlead.backups.destinations.base import Write
from fairlead.errors import FairleadError
from fairlead.project.stack_backup import Encryption

if TYPE_CHECKING:
    import pyrage

SUFFIX = ".age"


class WrongKey(FairleadError):
    """None of the keys opens it."""


class Damaged(FairleadError):
    """It is not what was written."""


class Source(Protocol):
    """What is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""


@dataclass
class Counted:
    """Passes on what is written, with its size and SHA-256."""

    write_on: Write
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)
    failed: BaseException | None = None

    def write(self, data: bytes) -> int:
        """As a file has it."""
        try:
            self.write_on(data)
        except BaseException as error:
            self.failed = error
            raise
        self.size += len(data)
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


@dataclass
class Pieces:
    """Pieces as a file to read, with the SHA-256 of all that was read."""

    pieces: Iterator[bytes]
    rest: bytes = b""
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)
    failed: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes."""
        try:
            while not self.rest and (piece := next(self.pieces, None)) is not None:
                self.rest = piece
                self.size += len(piece)
                self.hash.update(piece)
        except BaseException as error:
            self.failed = error
            raise
        found, self.rest = (self.rest[:size], self.rest[size:]) if size >= 0 else (self.rest, b"")
        return found


@dataclass
class _Read:
    """A file, counted, of which errors are kept."""

    source: Source
    size: int = 0
    failed: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self.source.read(size)
        except BaseException as error:
            self.failed = error
            raise
        self.size += len(data)
        return data


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of a stream."""

    size: int  #: bytes that were read
    stored: int  #: bytes that were written
    sha256: str  #: of these


def seal(
    source: Source | IO[bytes], write: Write, recipients: Sequence[pyrage.x25519.Recipient], cipher: Encryption = "age"
) -> Sealed:
    """Encrypt all of it for these. Whatever reading or writing raises comes through."""
    import pyrage  # noqa: PLC0415 — an extra

    reader, writer = _Read(source), Counted(write)
    try:
        if cipher == "aes-256-gcm":
            aes.seal(reader, writer.write, recipients)
        else:
            pyrage.encrypt_io(reader, writer, list(recipients))
    except (pyrage.EncryptError, OSError, ValueError) as error:
        raise reader.failed or writer.failed or error from None
    return Sealed(reader.size, writer.size, writer.hash.hexdigest())


def unseal(
    pieces: Iterable[bytes], write: Write, identities: Sequence[pyrage.x25519.Identity], sha256: str | None, what: str
) -> int:
    """Decrypt all of it; the bytes that were written. WrongKey, Damaged; whatever reading or writing raises.

    What was written before it was found to be damaged was not: each piece is checked before it is passed on. That the
    whole is what was written is known at the end.
    """
    import pyrage  # noqa: PLC0415 — an extra

    reader, writer = Pieces(iter(pieces)), Counted(write)
    try:
        begin = aes.exactly(reader, len(aes.MAGIC))
        if begin == aes.MAGIC:
            aes.unseal(reader, writer.write, identities)
        else:
            reader.rest = begin + reader.rest
            pyrage.decrypt_io(reader, writer, list(identities))
    except (pyrage.DecryptError, aes.Changed, OSError, ValueError) as error:
        if failed := reader.failed or writer.failed:
            raise failed from None
        raise _explained(error, what) from None
    if sha256 is not None and reader.hash.hexdigest() != sha256:
        raise Damaged(f"{what} is not what was written: its checksum is another one", _HINT)
    return writer.size


_HINT = "restore from another backup: fairlead backup list; and look after the place where this one is kept"


def _explained(error: Exception, what: str) -> FairleadError:
    import pyrage  # noqa: PLC0415

    if isinstance(error, pyrage.DecryptError) and "key" in str(error).lower():
        hint = "give the key of one of its recipients, in SOPS_AGE_KEY say; `fairlead backup list` shows who they are"
        return WrongKey(f"{what} is encrypted for others: none of your keys opens it", hint)
    return Damaged(f"{what} is damaged: it was changed or cut short", _HINT)


def checksum(pieces: Iterable[bytes]) -> tuple[str, int]:
    """SHA-256 and size of a stream."""
    found, size = hashlib.sha256(), 0
    for piece in pieces:
        found.update(piece)
        size += len(piece)
    return found.hexdigest(), size
