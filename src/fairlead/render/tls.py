"""What Traefik is told of TLS: certificates, and how clients may talk.

TLS 1.2 and newer, with forward secrecy and authenticated encryption alone, as Mozilla's "intermediate" configuration
(version 5.7) has it, without its fallback for clients that cannot do elliptic curves. A client that names no host, or
one that no certificate is for, gets the first one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from fairlead.render.plain_json import go_json, plain_of

TLS = "fairlead-tls-"
"""Begins the name of a middleware nobody uses: that the API shows it proves that exactly this file is in force."""
CIPHERS = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""Of TLS 1.2; in 1.3 all are strong."""


def tls_file(pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The file with these certificates and their keys, and the name that proves it is in force.

    They are PEM that stands in the file itself, so that a certificate and its key change at once; or paths.
    """
    certificates = [{"certFile": cert, "keyFile": key} for cert, key in pairs]
    stores = {"default": {"defaultCertificate": certificates[0]}} if certificates else {}
    with_them: dict[str, Any] = {"certificates": certificates, "stores": stores} if certificates else {}
    proof = TLS + hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]
    options = {"minVersion": "VersionTLS12", "cipherSuites": list(CIPHERS)}
    text = go_json(
        {
            "http": {"middlewares": {proof: {"headers": {"customRequestHeaders": {"X-Fairlead-Tls": proof}}}}},
            "tls": {"options": {"default": options}, **with_them},
        }
    )
    return text, proof


def is_sound(text: str) -> bool:
    """Whether a file is one that `tls_file` made: whatever was changed in it does not go with its proof."""
    try:
        listed = json.loads(plain_of(text))["tls"].get("certificates") or []
        pairs = [(one["certFile"], one["keyFile"]) for one in listed]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return tls_file(pairs)[0] == text
