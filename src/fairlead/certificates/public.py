"""The public authorities that this machine trusts, for who has to be told one file with all that it trusts."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where bundles lie, for a Python that was built elsewhere."""
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")


def beside_public(authority: str) -> str:
    """One of our own, and after it all that this machine trusts: PEM, nothing but certificates."""
    return "".join(f"{block}\n" for block in (*_BLOCK.findall(authority), *_BLOCK.findall(_bundle())))


def _bundle() -> str:
    for path in _paths():
        if path.is_file() and (text := path.read_text(errors="replace")):
            return text
    import certifi  # noqa: PLC0415 — only where the machine has none; httpx brings it

    return certifi.contents()


def _paths() -> Iterator[Path]:
    """What an administrator named or the machine has, with what was added to it, comes first."""
    named = ssl.get_default_verify_paths().cafile
    yield from (Path(one) for one in (named, *USUAL) if one)
