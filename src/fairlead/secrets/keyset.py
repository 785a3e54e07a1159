"""The document beside a key that signs tokens: which keys count now.

Of a key pair it is a JWK Set (RFC 7517) of public keys, each with `kid`, its thumbprint (RFC 7638), so that verifiers
find the right one; of a shared key a JSON list of the keys, the one that signs first.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from fairlead.errors import FairleadError
from fairlead.masking import Secret

Jwk = dict[str, str]


def key_set(name: str, keys: Sequence[Secret]) -> bytes:
    """The JWK Set of these private keys (PEM), the one that signs first. FairleadError when one is no such key."""
    return (json.dumps({"keys": [public_jwk(name, key) for key in keys]}, indent=2) + "\n").encode()


def key_list(keys: Sequence[Secret]) -> bytes:
    """The JSON list of shared keys, the one that signs first."""
    return (json.dumps([key.reveal() for key in keys]) + "\n").encode(errors="surrogateescape")


def public_jwk(name: str, key: Secret) -> Jwk:
    """The public part of a private key in PEM. FairleadError when it is none for Ed25519 or RSA."""
    members, algorithm = _members(name, key)
    return {**members, "kid": thumbprint(members), "use": "sig", "alg": algorithm}


def thumbprint(members: Jwk) -> str:
    """RFC 7638: SHA-256 of the required members in the order of their names."""
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return _text(hashlib.sha256(text.encode()).digest())


def _members(name: str, key: Secret) -> tuple[Jwk, str]:
    """The members that the thumbprint is made of (RFC 8037, RFC 7518), and the algorithm."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        private = load_pem_private_key(key.reveal().encode(), None)
    except (ValueError, TypeError):
        private = None
    if isinstance(private, Ed25519PrivateKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": _text(private.public_key().public_bytes_raw())}, "EdDSA"
    if isinstance(private, RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}, "RS256"
    what = f"what {name} holds is no private key for Ed25519 or RSA in PEM"
    raise FairleadError(what, "have it made by Fairlead (`generate: ed25519`), or set one that `openssl genpkey` made")


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
