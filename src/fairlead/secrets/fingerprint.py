"""Versions of secrets: a keyed fingerprint tells two values apart and says nothing of either.

HMAC-SHA256 (RFC 2104) with a key of the project that never leaves the machine: without it nobody can try values from
a list against a fingerprint that stands in a release or in the ledger. The name goes in too, so that the same value
under two names does not show.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import explained, sync_folder

FILE = "fingerprint.key"
SIZE = 32  #: bytes of the key
DIGITS = 16  #: hex digits of a fingerprint


def key_of(project: Path) -> bytes:
    """The key of the project whose state lies in that folder, made when there is none; only this user can read it.

    FairleadError when it cannot be written, or is not what was written.
    """
    path = project / FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise explained(error, path) from error
    if len(key) != SIZE:
        raise FairleadError(f"{path}: damaged, it is no key", "restore it, or remove it: then every release is new")
    return key


def fingerprint(key: bytes, name: str, content: bytes) -> str:
    """16 hex digits for that content under that name."""
    return hmac.new(key, name.encode() + b"\0" + content, "sha256").hexdigest()[:DIGITS]


def _make(path: Path) -> None:
    """Whole or absent, and of two who make it at once the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temp)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        temp.unlink(missing_ok=True)
