"""One value: AES-256-GCM with 32 bytes of nonce, the path of its key as additional data (sops, aes/cipher.go)."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 32  #: bytes; sops uses this many, although 12 are usual
KEY = 32  #: bytes of a data key
TAG = 16  #: bytes
KINDS = ("str", "int", "int64", "float", "bool", "bytes", "time", "comment")

_SHAPE = re.compile(r"ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([^,\]]+)\]")


class Unreadable(ValueError):
    """A value that this key does not open; the text says why and never what."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A value in the open. `data` is as it goes into the MAC: `True`, `12.5`, text as UTF-8."""

    data: bytes = field(repr=False)
    kind: str = "str"


def new_key() -> bytes:
    """A data key."""
    return os.urandom(KEY)


def is_sealed(text: str) -> bool:
    """Whether it looks like a value that was encrypted; whether it can be read is another question."""
    return text.startswith("ENC[") and text.endswith("]")


def place(keys: Sequence[str]) -> bytes:
    """The additional data of a value below these keys, so that it cannot be moved to another one unseen."""
    return (":".join(keys) + ":").encode()


def seal(plain: Plain, key: bytes, data: bytes) -> str:
    """The value as it stands in the file. An empty one stays empty, as sops has it."""
    if not plain.data:
        return ""
    nonce = os.urandom(NONCE)
    sealed = _cipher(key).encrypt(nonce, plain.data, data)
    parts = (base64.b64encode(part).decode() for part in (sealed[:-TAG], nonce, sealed[-TAG:]))
    return "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]".format(*parts, plain.kind)


def unseal(text: str, key: bytes, data: bytes) -> Plain:
    """The inverse of `seal`. Unreadable for anything else."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 — only where something is decrypted

    if not text:
        return Plain(b"")
    found = _SHAPE.fullmatch(text)
    if not found or found[4] not in KINDS:
        raise Unreadable("it is not written as sops writes a value")
    try:
        sealed, nonce, tag = (base64.b64decode(part, validate=True) for part in found.groups()[:3])
        return Plain(_cipher(key).decrypt(nonce, sealed + tag, data), found[4])
    except InvalidTag:
        raise Unreadable("it was changed, moved from another name, or encrypted with another key") from None
    except ValueError:
        raise Unreadable("it was cut short or changed") from None


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)
