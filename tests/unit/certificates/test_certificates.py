"""Certificates: the authority, what is refused, and files that change whole."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.certificates import Certificate, InternalCa, KeptCertificate, read_certificate
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.system.home import Place

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> InternalCa:
    return InternalCa.of(Place(tmp_path / "shop" / "production"))


def test_what_it_issues_is_accepted_by_who_trusts_its_root(authority: InternalCa, tmp_path: Path) -> None:
    made = authority.issue(["shop.example", "*.shop.example"], ["127.0.0.1", "::1"])
    kept = KeptCertificate(tmp_path / "kept")
    kept.keep(made)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cadata=authority.root_pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server.load_cert_chain(kept.cert_path, kept.key_path)
    for name in ("shop.example", "www.shop.example", "127.0.0.1", "::1"):
        assert _handshake(server, client, name) == "", name
    for name in ("other.example", "a.b.shop.example", "127.0.0.2"):
        assert "CERTIFICATE_VERIFY_FAILED" in _handshake(server, client, name), name


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """The reason a client that asks for `name` gives up; empty when it does not."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return str(error)
    return ""


def test_its_key_is_for_this_user_alone_and_stays_the_same(authority: InternalCa, tmp_path: Path) -> None:
    root = authority.root_pem
    assert (authority.folder / "authority.pem").stat().st_mode & 0o777 == 0o600
    assert InternalCa.of(Place(tmp_path / "shop" / "staging")).root_pem == root, "one for all environments of a project"
    assert InternalCa.of(Place(tmp_path / "blog" / "production")).root_pem != root
    assert authority.root_path.read_text() == root
    assert "PRIVATE" not in root


def test_two_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    found: list[str] = []
    ask = [threading.Thread(target=lambda: found.append(InternalCa(tmp_path / "ca", "shop").root_pem)) for _ in "ab"]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1


@pytest.mark.parametrize("damage", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_authority_is_said_and_left_alone(authority: InternalCa, damage: bytes) -> None:
    path = authority.folder / "authority.pem"
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    with pytest.raises(FairleadError, match="is damaged") as caught:
        authority.issue(["shop.example"])
    assert str(path) in caught.value.message
    assert path.read_bytes() == damage


def _issued(authority: InternalCa, days: int = 90) -> Certificate:
    return authority.issue(["shop.example"], days=days)


def test_what_cannot_be_used_is_refused_with_the_reason(authority: InternalCa) -> None:
    one, other = _issued(authority), _issued(authority)
    cases = [
        (one.cert_pem, other.key_pem, NOW, "the key is not that of the certificate"),
        (one.cert_pem, one.key_pem, NOW + timedelta(days=91), "has expired"),
        (one.cert_pem, one.key_pem, NOW - timedelta(days=1), "is not valid before"),
        ("-----BEGIN NONSENSE-----", one.key_pem, NOW, "no certificate in PEM"),
        (one.cert_pem, Secret("no key, but secret all the same"), NOW, "the key cannot be read"),
        (authority.root_pem, Secret(_root_key(authority)), NOW, "has no alternative names"),
    ]
    for cert, key, when, reason in cases:
        with pytest.raises(FairleadError, match=reason) as caught:
            read_certificate(cert, key, "tls/shop.pem", when)
        assert caught.value.message.startswith("tls/shop.pem: ")
        assert caught.value.hint


def _root_key(authority: InternalCa) -> str:
    text = (authority.folder / "authority.pem").read_text()
    return text[text.index("-----BEGIN PRIVATE") :]


def test_an_encrypted_key_is_refused(authority: InternalCa) -> None:
    from cryptography.hazmat.primitives import serialization as how  # noqa: PLC0415

    made = _issued(authority)
    key = how.load_pem_private_key(made.key_pem.reveal().encode(), None)
    locked = key.private_bytes(how.Encoding.PEM, how.PrivateFormat.PKCS8, how.BestAvailableEncryption(b"pass"))
    with pytest.raises(FairleadError, match="the key is encrypted"):
        read_certificate(made.cert_pem, Secret(locked.decode()), "tls/shop.pem")


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("shop.example", "shop.example", True), ("shop.example", "SHOP.example.", True),
        ("shop.example", "www.shop.example", False), ("*.shop.example", "www.shop.example", True),
        ("*.shop.example", "shop.example", False), ("*.shop.example", "a.b.shop.example", False),
        ("10.0.0.1", "10.0.0.1", True), ("*.0.0.1", "10.0.0.1", False),
    ],
)  # fmt: skip
def test_names_are_matched_as_browsers_do(name: str, host: str, covered: bool) -> None:
    found = Certificate("", Secret("key"), NOW, NOW, (name,))
    assert found.covers(host) is covered
    assert found.missing([host]) == (() if covered else (host,))


def test_it_is_renewed_in_the_last_third_of_its_life_and_when_names_change(
    authority: InternalCa, tmp_path: Path
) -> None:
    kept = KeptCertificate(tmp_path / "kept")
    assert kept.read() is None
    assert kept.renew(authority, ["shop.example"])
    assert not kept.renew(authority, ["shop.example"])
    assert not kept.renew(authority, ["shop.example"], now=NOW + timedelta(days=58))
    assert kept.renew(authority, ["shop.example"], now=NOW + timedelta(days=61))
    assert kept.renew(authority, ["shop.example"], ["127.0.0.1"])
    found = kept.read()
    assert found
    assert found.names == ("shop.example", "127.0.0.1")
    assert kept.key_path.stat().st_mode & 0o777 == 0o600
    assert len(list(kept.folder.iterdir())) == 2, "the link, and what it leads to"
    (authority.folder / "authority.pem").unlink()
    assert kept.renew(InternalCa(authority.folder, "shop"), ["shop.example"], ["127.0.0.1"]), "of another authority"


def test_a_damaged_one_is_made_anew(authority: InternalCa, tmp_path: Path) -> None:
    kept = KeptCertificate(tmp_path / "kept")
    kept.renew(authority, ["shop.example"])
    kept.key_path.write_text("")
    assert kept.renew(authority, ["shop.example"])


def test_no_key_is_ever_shown(authority: InternalCa) -> None:
    made = _issued(authority)
    assert "PRIVATE" not in repr(made)
    with pytest.raises(FairleadError) as caught:
        read_certificate("", made.key_pem, "tls/shop.pem")
    assert made.key_pem.reveal()[40:60] not in str(caught.value)
