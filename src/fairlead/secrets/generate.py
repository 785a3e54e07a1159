"""Secrets made by Fairlead, from the operating system's source of randomness.

`length` counts what is written for password, hex and base64, bytes of the key for jwt-hs256, bits for rsa.
"""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.masking import Secret

_LETTERS = string.ascii_letters + string.digits  #: none of them needs escaping anywhere: URL, shell, SQL, YAML
SHORTEST_HS256 = 32  #: bytes; RFC 7518, 3.2: a key of the size of the hash or larger
SMALLEST_RSA = 2048  #: bits
DEFAULTS = {"password": 32, "hex": 64, "base64": 44, "jwt-hs256": 64, "rsa": 3072}
"""Lengths: 190, 256 and 256 bits of randomness, 512 bits of key; RSA as NIST SP 800-57 has it for 128 bits."""


def generate(kind: str, length: int | None = None) -> Secret:
    """A new value of that kind. FairleadError for an unknown kind or a length that would be too weak."""
    if kind not in _KINDS:
        raise FairleadError(f"{kind} is no kind of secret that can be made", f"use one of {', '.join(_KINDS)}")
    return Secret(_KINDS[kind](DEFAULTS.get(kind, 0) if length is None else length))


def _password(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _hex(length: int) -> str:
    return secrets.token_hex((length + 1) // 2)[:length]


def _base64(length: int) -> str:
    """At most so many characters; bytes of a cipher's key (16, 32, 64 …) where these have exactly that length."""
    keys = (size for size in (16, 32, 64, 128, 256) if 4 * ((size + 2) // 3) == length)
    return base64.b64encode(secrets.token_bytes(next(keys, max(length, 4) // 4 * 3))).decode()


def _jwt_hs256(length: int) -> str:
    if length < SHORTEST_HS256:
        what = f"a key for HS256 needs at least {SHORTEST_HS256} bytes (RFC 7518), not {length}"
        raise FairleadError(what, f"give it a length of {SHORTEST_HS256} or more")
    return secrets.token_urlsafe(length)


def _rsa(bits: int) -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 — only where a key pair is made

    if bits < SMALLEST_RSA:
        what = f"an RSA key needs at least {SMALLEST_RSA} bits, not {bits}"
        raise FairleadError(what, f"give it a length of {SMALLEST_RSA}, 3072 or 4096")
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def _ed25519(_: int) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return _pem(Ed25519PrivateKey.generate())


def _pem(key: object) -> str:
    """PKCS #8, PEM: what openssl, Java, Node.js and Go read. No line break at its end: not all back ends keep one."""
    from cryptography.hazmat.primitives import serialization as how  # noqa: PLC0415

    written = key.private_bytes(how.Encoding.PEM, how.PrivateFormat.PKCS8, how.NoEncryption())  # type: ignore[attr-defined]
    return str(written.decode().rstrip())


def _uuid(_: int) -> str:
    return str(uuid.uuid4())


_KINDS: dict[str, Callable[[int], str]] = {
    "password": _password,
    "hex": _hex,
    "base64": _base64,
    "jwt-hs256": _jwt_hs256,
    "rsa": _rsa,
    "ed25519": _ed25519,
    "uuid": _uuid,
}
KINDS = tuple(_KINDS)
