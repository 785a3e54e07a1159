"""What PostgreSQL keeps of a password, made here, so that the password itself is in no statement (RFC 5803)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata

from fairlead.masking import Secret

ROUNDS = 4096  #: of SCRAM-SHA-256, PostgreSQL's own number


def verifier(password: Secret, salt: bytes | None = None, rounds: int = ROUNDS) -> str:
    """With a new salt each time, where none is given."""
    salt = salt or secrets.token_bytes(16)
    text = unicodedata.normalize("NFKC", password.reveal()).encode(errors="surrogateescape")
    salted = hashlib.pbkdf2_hmac("sha256", text, salt, rounds)
    client, server = (hmac.digest(salted, word, "sha256") for word in (b"Client Key", b"Server Key"))
    shown = [base64.b64encode(one).decode() for one in (salt, hashlib.sha256(client).digest(), server)]
    return f"SCRAM-SHA-256${rounds}:{shown[0]}${shown[1]}:{shown[2]}"


def matches(kept: str, password: Secret) -> bool:
    """Whether that is kept of this password. What is no verifier, or a damaged one, is kept of none."""
    try:
        name, head, _ = kept.split("$")
        rounds, _, salt = head.partition(":")
        return name == "SCRAM-SHA-256" and hmac.compare_digest(
            verifier(password, base64.b64decode(salt), int(rounds)), kept
        )
    except ValueError:
        return False
