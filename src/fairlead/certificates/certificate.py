"""One certificate with its key, and what can be wrong with it.

Names are matched as browsers do (RFC 6125, 6.4.3): only alternative names count, and `*` stands for one whole label,
the first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.masking import Secret

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

EXTRA = "pip install 'fairlead[https]'"
SOON = timedelta(days=30)
"""A certificate that ends within this time is a finding."""


def require_cryptography() -> None:
    """FairleadError where the library that makes and reads certificates is not installed."""
    if find_spec("cryptography") is None:
        raise FairleadError("the library for certificates is not installed", EXTRA)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, those of its issuers after it, and its key."""

    cert_pem: str
    key_pem: Secret
    not_before: datetime  #: with its time zone
    not_after: datetime  #: with its time zone
    names: tuple[str, ...]  #: the DNS names and IP addresses it is for

    def covers(self, host: str) -> bool:
        """Whether a client that asks for `host` accepts it for that name."""
        return any(_matches(name, host.lower().rstrip(".")) for name in self.names)

    def missing(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """Those of the hosts it is not for, in their order."""
        return tuple(host for host in hosts if not self.covers(host))

    def due(self, now: datetime) -> bool:
        """Whether less than a third of its life is left, which is when one of our own is made anew."""
        return now >= self.not_after - (self.not_after - self.not_before) / 3


def _matches(name: str, host: str) -> bool:
    if name == host:
        return True
    _, _, rest = host.partition(".")
    return name.startswith("*.") and bool(rest) and name[2:] == rest and not is_address(host)


def is_address(text: str) -> bool:
    """Whether it is an IP address, not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def read_certificate(cert_pem: str, key_pem: Secret, where: str, now: datetime | None = None) -> Certificate:
    """Read it and see that it can be used now; `where` says in errors which one it is.

    FairleadError when a part cannot be read, the key is another one's, or it is not valid at `now`.
    """
    found = parsed(cert_pem, key_pem, where)
    _require_valid(found, where, now or datetime.now(UTC))
    return found


def parsed(cert_pem: str, key_pem: Secret, where: str) -> Certificate:
    """The same, whether it is valid now or not."""
    require_cryptography()
    leaf = _leaf(cert_pem, where)
    if _public_bytes(_key(key_pem, where)) != _public_bytes(leaf):
        raise FairleadError(f"{where}: the key is not that of the certificate", "give the two that were made together")
    return Certificate(cert_pem, key_pem, leaf.not_valid_before_utc, leaf.not_valid_after_utc, _names(leaf))


def _require_valid(found: Certificate, where: str, now: datetime) -> None:
    if now >= found.not_after:
        raise FairleadError(f"{where}: the certificate has expired ({found.not_after:%Y-%m-%d})", "give a newer one")
    if now < found.not_before:
        what = f"{where}: the certificate is not valid before {found.not_before:%Y-%m-%d %H:%M} UTC"
        raise FairleadError(what, "look whether the clock of this machine is right")
    if not found.names:
        what = f"{where}: the certificate has no alternative names, so no browser accepts it for any"
        raise FairleadError(what, "have one made with subjectAltName")


def _leaf(cert_pem: str, where: str) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415 — heavy

    try:
        return x509.load_pem_x509_certificates(cert_pem.encode())[0]  # the server's own is the first
    except ValueError:
        what = f"{where}: no certificate in PEM (-----BEGIN CERTIFICATE-----) can be read in it"
        raise FairleadError(what, "give the certificate first, then those of its issuers") from None


def _key(key_pem: Secret, where: str) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        return load_pem_private_key(key_pem.reveal().encode(), password=None)
    except TypeError:
        what = f"{where}: the key is encrypted"
        raise FairleadError(what, "give it without a passphrase, as a file of mode 600 or a secret") from None
    except (ValueError, UnsupportedAlgorithm):
        hint = "give it in PEM (-----BEGIN PRIVATE KEY-----)"
        raise FairleadError(f"{where}: the key cannot be read", hint) from None


def _public_bytes(holder: PrivateKeyTypes | x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization as how  # noqa: PLC0415 — heavy

    return holder.public_key().public_bytes(how.Encoding.DER, how.PublicFormat.SubjectPublicKeyInfo)


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 — heavy

    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    return (*names, *(str(one) for one in found.get_values_for_type(x509.IPAddress)))
