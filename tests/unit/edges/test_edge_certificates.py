"""The certificates of an edge, without one that runs."""

import ssl
from pathlib import Path

import pytest

from fairlead.certificates import InternalCa, KeptCertificate
from fairlead.edges.traefik.edge import TraefikEdge
from fairlead.edges.traefik.tls import EdgeCertificates
from fairlead.project.stack import Edge
from fairlead.system.home import Place

pytest.importorskip("cryptography")
LISTEN = Edge(https=443)


@pytest.fixture
def kept(tmp_path: Path) -> EdgeCertificates:
    """Served for a host that somebody is routed to."""
    found = EdgeCertificates(Place(tmp_path / "shop" / "local"))
    found.place.edge.mkdir(parents=True)
    found.note(found.have(["shop.example"], LISTEN))
    return found


def test_one_that_has_ended_is_renewed_for_the_hosts_it_was_for(kept: EdgeCertificates) -> None:
    """A machine that was off for months: the keeper renews it, and knows no table."""
    ended = InternalCa.of(kept.place).issue(["shop.example", "localhost"], ["127.0.0.1", "::1"], days=-0.01)
    KeptCertificate(kept.folder / "internal").keep(ended)
    [made] = kept.have((), LISTEN)
    assert made.covers("shop.example") and made.names[2:] == ("127.0.0.1", "::1")


def test_without_the_given_ones_its_own_is_for_the_same_hosts(kept: EdgeCertificates, tmp_path: Path) -> None:
    given = InternalCa(tmp_path / "ca", "other").issue(["new.example", "*.new.example"], ["192.0.2.1"])
    kept.give([given])
    kept.note(kept.have((), LISTEN))
    kept.give([])
    [made] = kept.have((), LISTEN)
    assert made.covers("new.example") and made.covers("www.new.example") and not made.covers("192.0.2.1")


def test_keys_are_for_nobody_else(kept: EdgeCertificates) -> None:
    kept.give([InternalCa.of(kept.place).issue(["shop.example"])])
    keys = [path for path in kept.place.root.parent.rglob("*") if path.is_file() and "PRIVATE KEY" in path.read_text()]
    assert len(keys) == 3, "the authority's, its certificate's, and the given one's"
    assert [path for path in keys if path.stat().st_mode & 0o077] == []


def test_a_placeholder_is_made_once_and_can_be_served_with(kept: EdgeCertificates, tmp_path: Path) -> None:
    cert, key = made = kept.placeholder() or ("", "")
    (tmp_path / "cert.pem").write_text(cert)
    (tmp_path / "key.pem").write_text(key)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert kept.placeholder() == made
    (kept.folder / "placeholder.json").write_text("damaged")
    assert kept.placeholder() not in (made, None)


def test_before_the_first_table_none_is_written(tmp_path: Path) -> None:
    """A deployment gives the certificates of its project before it says where to listen."""
    place = Place(tmp_path / "shop" / "local")
    place.create()
    TraefikEdge(place).renew([])
    assert not (place.edge / "dynamic").exists()
