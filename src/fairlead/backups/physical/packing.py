"""The stream of pg_basebackup, a tape in tar's format, packed as it is read; its manifest is kept aside meanwhile."""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass, field
from typing import Any

from fairlead.backups.physical.archive import GZIP
from fairlead.backups.physical.unpacking import MANIFEST
from fairlead.backups.sealing import Source

PIECE = 1 << 20
BLOCK = tarfile.BLOCKSIZE


@dataclass
class Follower:
    """Knows where on a tape files begin, and keeps the content of one of them, by its name."""

    name: str
    content: bytes = b""
    _pieces: list[bytes] = field(default_factory=list)
    _head: bytes = b""
    _left: int = 0  #: bytes of the file that is under way
    _pad: int = 0  #: bytes behind it up to the next block
    _mine: bool = False
    _lost: bool = False

    def feed(self, data: bytes) -> None:
        """The next bytes of the tape. Of what is none nothing is known."""
        at, view = 0, memoryview(data)
        while at < len(view) and not self._lost:
            if self._left or self._pad:
                at += self._skipped(view[at:])
            else:
                piece = view[at : at + BLOCK - len(self._head)]
                self._head += bytes(piece)
                at += len(piece)
                if len(self._head) == BLOCK:
                    self._begin()

    def _skipped(self, view: memoryview) -> int:
        own = min(self._left, len(view))
        if self._mine and own:
            self._pieces.append(bytes(view[:own]))
        self._left -= own
        if not self._left and self._mine:
            self.content, self._pieces, self._mine = b"".join(self._pieces), [], False
        pad = min(self._pad, len(view) - own) if not self._left else 0
        self._pad -= pad
        return own + pad

    def _begin(self) -> None:
        head, self._head = self._head, b""
        if not any(head):  # the end of the tape has two such blocks
            return
        try:
            one = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            self._lost = True
            return
        self._left, self._mine = one.size, one.name.removeprefix("./") == self.name
        self._pad = -one.size % BLOCK


@dataclass
class Packed:
    """What is read from `source`, packed, with its size and the manifest in it."""

    source: Source
    size: int = 0
    _follower: Follower = field(default_factory=lambda: Follower(MANIFEST))
    _rest: bytes = b""
    _ended: bool = False
    _pack: Any = field(default_factory=lambda: zlib.compressobj(1, wbits=GZIP))

    @property
    def manifest(self) -> bytes:
        """Once all of it was read; empty: there is none."""
        return self._follower.content

    def read(self, size: int = -1, /) -> bytes:
        """As a file has it."""
        while not self._rest and not self._ended:
            data = self.source.read(PIECE)
            self._ended = not data
            self._follower.feed(data)
            self._rest = self._pack.compress(data) if data else self._pack.flush()
            self.size += len(data)
        found, self._rest = (self._rest[:size], self._rest[size:]) if size >= 0 else (self._rest, b"")
        return found
