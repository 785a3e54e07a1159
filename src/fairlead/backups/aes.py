"""AES-256-GCM with a key of its own for each object, which age wraps for the recipients: where a rule asks for AES.

    fairlead/aes-256-gcm/v1 LF            24 bytes
    length of what follows                4 bytes, the highest first
    the data key, 32 bytes, as an age file for the recipients
    pieces: 64 KiB each, the last one shorter or as long, each with its tag of 16 bytes behind it

A piece is sealed under the nonce of its number (11 bytes, the highest first) and one byte that is 1 for the last, with
the SHA-256 of all that stands before the pieces as what goes with it: the construction STREAM of Hoang, Reyhanitabar,
Rogaway and Vizár (2015), as age has it. So what was changed, cut short, lengthened or put in another order is refused,
piece by piece, before any of it is passed on. A key seals one object and is nowhere else, so no nonce comes twice.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyrage

    from fairlead.backups.sealing import Source

MAGIC = b"fairlead/aes-256-gcm/v1\n"
PIECE, TAG = 1 << 16, 16  #: bytes
LONGEST = 1 << 20  #: bytes of a wrapped key: that of thousands of recipients


Write = Callable[[bytes], object]


class Changed(Exception):
    """It is not what was sealed."""


def seal(source: Source, write: Write, recipients: Sequence[pyrage.x25519.Recipient]) -> None:
    """All of it. Two pieces are in memory, never more. Whatever reading or writing raises comes through."""
    import pyrage  # noqa: PLC0415 — an extra
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    key = AESGCM.generate_key(256)
    wrapped = pyrage.encrypt(key, list(recipients))
    head = MAGIC + struct.pack(">I", len(wrapped)) + wrapped
    cipher, bound = AESGCM(key), hashlib.sha256(head).digest()
    write(head)
    number, piece = 0, exactly(source, PIECE)
    while True:
        after = exactly(source, PIECE)
        write(cipher.encrypt(_nonce(number, last=not after), piece, bound))
        if not after:
            return
        number, piece = number + 1, after


def unseal(source: Source, write: Write, identities: Sequence[pyrage.x25519.Identity]) -> None:
    """What comes behind MAGIC. Changed; pyrage.DecryptError when no key opens it or the wrapped key is damaged."""
    import pyrage  # noqa: PLC0415 — an extra
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    length = exactly(source, 4)
    size = struct.unpack(">I", length)[0] if len(length) == 4 else LONGEST + 1
    if size > LONGEST:
        raise Changed("the head is none")
    wrapped = exactly(source, size)
    key = pyrage.decrypt(wrapped, list(identities))
    if len(key) != 32:
        raise Changed("the key is none")
    cipher, bound = AESGCM(key), hashlib.sha256(MAGIC + length + wrapped).digest()
    number, piece = 0, exactly(source, PIECE + TAG)
    while True:
        after = exactly(source, PIECE + TAG)
        try:
            data = cipher.decrypt(_nonce(number, last=not after), piece, bound)
        except InvalidTag:
            raise Changed(f"piece {number} is another one") from None
        write(data)
        if not after:
            return
        number, piece = number + 1, after


def exactly(source: Source, size: int) -> bytes:
    """So many bytes, or all that there are."""
    found = bytearray()
    while len(found) < size and (piece := source.read(size - len(found))):
        found += piece
    return bytes(found)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
