"""https from the project file to the browser: of the project's own authority, given, and what cannot be used."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.certificates import InternalCa
from fairlead.system import http

HOST = "shop.example"


@pytest.fixture
def secure(site):
    """`secure(certificates)`: the project file with https, a host, and those certificates."""

    def write(certificates="", version="1"):
        site.write(version)
        path = site.folder / "fairlead.yaml"
        text = path.read_text().replace('routes: ["/"]', f"routes: [{{path: /, host: {HOST}}}]")
        text = text.replace("smoke: [{path: /,", f"smoke: [{{path: /, host: {HOST},")
        edge = f"http: {site.other}, https: {site.port}, certificates: [{certificates}], address"
        path.write_text(text.replace(f"http: {site.port}, address", edge, 1))
        return site

    return write


def asked(site, root, host=HOST):
    """What a user gets who trusts this root."""
    tls = http.Tls(ssl.create_default_context(cadata=root), host)
    return http.get(site.port, "/", 10, {"Host": host}, tls=tls)


def given(site, made):
    (site.folder / "shop.pem").write_text(made.cert_pem)
    (site.folder / "shop.key").write_text(made.key_pem.reveal())


def test_of_the_projects_own_authority(secure):
    site = secure()
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    root = site.run("certs", "ca", "local").stdout
    assert b"version 1" in asked(site, root).body
    answer = http.get(site.other, "/", 10, {"Host": f"{HOST}:{site.other}"})
    assert answer.headers["location"] == f"https://{HOST}:{site.port}/"
    found = site.json("status", "local")["environments"][0]["address"]
    assert found == {"scheme": "https", "host": "127.0.0.1", "port": site.port}
    [shown] = site.json("certs", "list", "local")["certificates"]
    assert shown["own"]
    assert HOST in shown["names"]
    left = datetime.fromisoformat(shown["until"]) - datetime.now(UTC)
    assert timedelta(days=80) < left < timedelta(days=91)


def test_one_that_was_given_and_a_newer_one_without_a_deployment(secure, tmp_path):
    authority = InternalCa(tmp_path / "ca", "elsewhere")
    site = secure("{cert: shop.pem, key: shop.key}")
    given(site, authority.issue([HOST], days=20))
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert f"certificates: that of {HOST} ends on" in done.stderr
    assert b"version 1" in asked(site, authority.root_pem).body
    given(site, authority.issue([HOST], days=60))
    [shown] = site.json("certs", "renew", "local")["certificates"]
    assert not shown["own"]
    assert datetime.fromisoformat(shown["until"]) - datetime.now(UTC) > timedelta(days=55)
    assert b"version 1" in asked(site, authority.root_pem).body
    doctor = {one["name"]: one for one in site.json("doctor", "local")["environments"]["local"]}
    assert doctor["certificates"]["result"] == "ok"


WRONG = {
    "shop.pem: cannot be read": lambda site, authority: None,
    "none of those given is for shop.example": lambda site, authority: given(site, authority.issue(["other.example"])),
    "the certificate has expired": lambda site, authority: given(site, authority.issue([HOST], days=0)),
    "the key is not that of the certificate": lambda site, authority: (
        given(site, authority.issue([HOST])),
        (site.folder / "shop.key").write_text(authority.issue([HOST]).key_pem.reveal()),
    ),
}


def test_what_cannot_be_used_is_refused_before_anything_changes(secure, tmp_path):
    authority = InternalCa(tmp_path / "ca", "elsewhere")
    site = secure("{cert: shop.pem, key: shop.key}")
    for said, prepare in WRONG.items():
        prepare(site, authority)
        done = site.run("deploy", "local")
        assert done.returncode == 3, done.stderr
        assert said in done.stderr
    assert site.live() is None
