"""Lines and blocks of bytes over two descriptors, with bounds: what the two sides of a connection say to each other.

A line is a JSON object. A stream of bytes goes in chunks, each behind its length as a line of decimal digits, and ends
with a chunk of length 0; so neither side has to know beforehand how long it is.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairlead.errors import FairleadError

CHUNK = 256 << 10  #: bytes sent in one chunk
LONGEST_CHUNK = 1 << 20  #: bytes accepted in one
LONGEST_LINE = 64 << 10  #: bytes of a message that a host accepts
LONGEST_FRAME = 64 << 20  #: bytes of one that it answers


class Ended(Exception):
    """The other side has gone away."""


class Malformed(FairleadError):
    """What came is nothing that this side understands."""


class Silent(FairleadError):
    """Nothing came, or was taken, for longer than this side waits."""


class Wire:
    """`longest`: bytes of the longest line that is accepted."""

    def __init__(self, reading: int, writing: int, longest: int = LONGEST_LINE) -> None:
        self._reading, self._writing, self._longest = reading, writing, longest
        self._buffer = bytearray()
        self._searched = 0
        self._patience: float | None = None

    @contextmanager
    def impatient(self, seconds: float) -> Iterator[None]:
        """For the block: Silent when the other side says or takes nothing for so long.

        A machine that went to sleep or lost its network closes nothing: its connection stays for hours.
        """
        self._patience = seconds
        try:
            yield
        finally:
            self._patience = None

    def _await(self, reading: bool) -> None:
        """Until something came, or can be sent."""
        if self._patience is None:
            return
        ready = select.select(*(([self._reading], []) if reading else ([], [self._writing])), [], self._patience)
        if not any(ready):
            raise Silent(f"the other side was silent for {self._patience:g} s", "run the command again")

    def send(self, message: dict[str, Any]) -> None:
        """One message. Ended when nobody reads any more."""
        self._write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, for a program that knows how many come. Ended."""
        self._write(data)

    def send_chunk(self, data: bytes) -> None:
        """A part of a stream; an empty one ends it."""
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            self._write(f"{len(part)}\n".encode() + part)
        if not data:
            self._write(b"0\n")

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                self._await(reading=False)
                most = len(rest) if self._patience is None else select.PIPE_BUF  # so much never waits, once it may
                rest = rest[os.write(self._writing, rest[:most]) :]
        except OSError as error:
            raise Ended from error

    def line(self) -> bytes:
        """The next line, without its end. Ended; Malformed when it is too long."""
        while (found := self._cut()) is None:
            self._fill()
        return found

    def message(self) -> dict[str, Any]:
        """The next line as a JSON object. Ended, Malformed."""
        return decode(self.line())

    def poll(self, wait: float, also: int | None = None) -> dict[str, Any] | None:
        """The next message when there is one within `wait` seconds, or before `also` is readable. Ended, Malformed."""
        found = self._cut()
        if found is None:
            ready, _, _ = select.select([self._reading, *([also] if also is not None else [])], [], [], wait)
            if self._reading in ready:
                self._fill()
                found = self._cut()
        return None if found is None else decode(found)

    def chunks(self, most: int) -> Iterator[bytes]:
        """A stream of at most `most` bytes, chunk by chunk. Ended, Malformed."""
        total = 0
        while size := self._size():
            total += size
            if total > most:
                raise Malformed(f"more than the {most} bytes that were announced or are allowed")
            yield self._exactly(size)

    def _size(self) -> int:
        line = self.line()
        if not line.isdigit() or len(line) > 8 or int(line) > LONGEST_CHUNK:
            raise Malformed("what stands where the length of a chunk belongs is none")
        return int(line)

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = 0
        return data

    def _cut(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > self._longest:
                raise Malformed(f"a message of more than {self._longest} bytes")
            return None
        if end > self._longest:
            raise Malformed(f"a message of more than {self._longest} bytes")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line

    def _fill(self) -> None:
        self._await(reading=True)
        try:
            data = os.read(self._reading, CHUNK)
        except OSError as error:
            raise Ended from error
        if not data:
            raise Ended
        self._buffer += data


def decode(line: bytes) -> dict[str, Any]:
    """A JSON object. Malformed."""
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise Malformed("a message that is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("a message that is not an object")
    return found
