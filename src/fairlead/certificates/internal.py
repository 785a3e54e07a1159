"""A small certificate authority of one project: for https where no public one can be had, and between its own parts.

Its key never leaves `HOME/PROJECT/ca/authority.pem` (0600). Who trusts `root.pem` beside it trusts everything that this
project's environments on this machine make, and nothing else: the authority may not make others (path length 0).
Profiles follow RFC 5280 and what browsers ask for: P-256, SHA-256, alternative names, random serial numbers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.certificates.certificate import Certificate, parsed, require_cryptography
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.system.files import write_file
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ROOT_DAYS = 3650
DAYS = 90  #: of a certificate that it makes
CLOCKS_DIFFER = timedelta(hours=1)  #: a certificate begins so long ago, for clients whose clock is behind
LONGEST_NAME = 64  #: characters of a common name (RFC 5280, ub-common-name)


@dataclass(frozen=True)
class InternalCa:
    """The authority whose files lie in `folder`. It is made when it is first asked for something."""

    folder: Path
    name: str  #: of the project

    @classmethod
    def of(cls, place: Place) -> InternalCa:
        """That of the environment's project."""
        return cls(place.root.parent / "ca", place.project)

    @property
    def root_path(self) -> Path:
        """The root certificate as a file, for clients that are told a path; `root_pem` makes it."""
        return self.folder / "root.pem"

    @property
    def root_pem(self) -> str:
        """The root certificate in PEM: what clients have to trust."""
        text = _encoded(self._parts[0])
        if not self.root_path.exists() or self.root_path.read_text() != text:
            write_file(self.root_path, text)
        return text

    def issue(self, names: Sequence[str], addresses: Sequence[str] = (), days: float = DAYS) -> Certificate:
        """A new certificate for these DNS names and IP addresses, with a new key, valid `days` from now on.

        It has the root after it. FairleadError when the authority's own file is damaged or cannot be written.
        """
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — heavy

        root, root_key = self._parts
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _leaf(root, root_key, key, _alternatives(names, addresses), days)
        chain = _encoded(leaf) + self.root_pem
        return parsed(chain, Secret(_encoded_key(key)), f"a certificate for {', '.join(names)}")

    @cached_property
    def _parts(self) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
        require_cryptography()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # so that others may read the root; the folder above decides who gets here
        path = self.folder / "authority.pem"
        lock = FileLock(self.folder / "lock")
        lock.acquire("makes the authority", blocking=True)
        try:
            if not path.exists():
                write_file(path, _new_authority(self.name), 0o600)
        finally:
            lock.release()
        return _opened(path)


def _opened(path: Path) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    data = path.read_bytes()
    try:
        root, key = x509.load_pem_x509_certificates(data)[0], load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _damaged(path) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or root.public_key() != key.public_key():
        raise _damaged(path)
    return root, key


def placeholder() -> tuple[str, str]:
    """A certificate and its key in PEM, for nobody: for a server that has to have one and shows it to no client."""
    require_cryptography()
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — heavy

    key = ec.generate_private_key(ec.SECP256R1())
    nobody = _called("nobody")
    return _encoded(_signed(_builder(nobody, nobody, key, ROOT_DAYS), key)), _encoded_key(key)


def _damaged(path: Path) -> FairleadError:
    hint = "restore it from a backup; or remove the folder, have a new one made, and trust that"
    return FairleadError(f"{path}: the project's certificate authority is damaged", hint)


def _new_authority(name: str) -> str:
    """Its certificate and its key in one text, so that one file has both or neither."""
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    called = _called(f"Fairlead, {name}")
    made = (
        _builder(called, called, key, ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _encoded(_signed(made, key)) + _encoded_key(key)


def _leaf(
    root: x509.Certificate, root_key: EllipticCurvePrivateKey, key: EllipticCurvePrivateKey,
    names: x509.SubjectAlternativeName, days: float,
) -> x509.Certificate:  # fmt: skip
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    issuer = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        _builder(_called(str(names[0].value)), root.subject, key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
    )
    return _signed(made, root_key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415 — heavy

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(certificates: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415 — heavy

    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _signed(made: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 — heavy

    return made.sign(key, hashes.SHA256())


def _called(name: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_NAME])])


def _alternatives(names: Iterable[str], addresses: Iterable[str]) -> x509.SubjectAlternativeName:
    from cryptography import x509  # noqa: PLC0415 — heavy

    found: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    found += [x509.IPAddress(ipaddress.ip_address(one)) for one in dict.fromkeys(addresses)]
    if not found:
        raise FairleadError("a certificate needs a name", "declare the host of a route")
    return x509.SubjectAlternativeName(found)


def _encoded(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 — heavy

    return certificate.public_bytes(Encoding.PEM).decode()


def _encoded_key(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization as how  # noqa: PLC0415 — heavy

    return key.private_bytes(how.Encoding.PEM, how.PrivateFormat.PKCS8, how.NoEncryption()).decode()
