"""What a command in a container writes, read with an end to the patience.

Source: the Docker Engine API, `POST /containers/ID/attach`, "Stream format": a header of 8 bytes, of which the
last 4 are the length of what follows.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from typing import Any, cast

HEADER = struct.Struct(">BxxxL")
PIECE = 64 << 10


def socket_of(stream: Any) -> socket.socket:
    """The SDK gives a file over a socket, or the socket itself."""
    return cast("socket.socket", getattr(stream, "_sock", stream))


def early(stream: Any) -> bytes:
    """What a command wrote so soon that it came together with the head of the engine's answer.

    The SDK gives the bare socket, though the head was read through a buffer that may hold more. Whoever does not ask
    here reads on in the middle.
    """
    link = socket_of(stream)
    before = link.gettimeout()
    link.settimeout(0)  # a look into an empty buffer does not wait
    try:
        with contextlib.suppress(OSError):
            return bytes(stream._response.raw._fp.fp.peek(1))
    finally:
        link.settimeout(before)
    return b""


def read_all(stream: Any, seconds: float | None) -> tuple[bytes, bool]:
    """Everything up to the end of the stream, and whether that came within `seconds` (None: it is waited for)."""
    until = None if seconds is None else time.monotonic() + seconds
    pieces = [early(stream)]
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not select.select([stream], [], [], left)[0]:
            return b"".join(pieces), False
        piece = os.read(stream.fileno(), PIECE)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)


def joined(raw: bytes) -> bytes:
    """stdout and stderr as they came, without the headers."""
    found, place = [], 0
    while place + HEADER.size <= len(raw):
        _, length = HEADER.unpack_from(raw, place)
        place += HEADER.size
        found.append(raw[place : place + length])
        place += length
    return b"".join(found)
