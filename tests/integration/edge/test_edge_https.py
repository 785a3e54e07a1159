"""https at the edge: whom it convinces, how it may be talked to, and certificates that change under load."""

import socket
import ssl
from dataclasses import replace

import pytest
from running import eventually, free_port

from fairlead.certificates import InternalCa
from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic
from fairlead.project.stack import Edge
from fairlead.render.edge import EdgeTable
from fairlead.system import http

pytestmark = pytest.mark.real
KINDS = ("process", "docker")
PATHS = Paths(slow="/slow?1", stream="/stream?1", stream_end="", post="")
OPTIONS = Options(rate=40, idle_gap=(0.5, 2.0), slow_seconds=1, stream_seconds=1, version_header="X-App", paths=PATHS)
MIX = Mix(get=3, post=0, fresh=3, idle=3, slow=1, stream=1, websocket=0)


@pytest.fixture(scope="module")
def secure(shared):
    """The edge of the module, with https; `redirect` is a port for http."""
    shared.redirect = free_port()
    shared.listen = Edge(http=shared.redirect, https=shared.port, address="127.0.0.1")
    return shared


def routed(rig, *backends, host="shop.example"):
    """A table with a host, as users ask for it."""
    rig.route({f"r{number}": [one.port] for number, one in enumerate(backends, 1)}, host=host)


def presented(port, name, context=None, **wanted):
    """The certificate that is presented to who asks for `name`, as the standard library reads it, and the version."""
    context = context or ssl.create_default_context()
    for attribute, value in wanted.items():
        setattr(context, attribute, value)
    with socket.create_connection(("127.0.0.1", port), 60) as link:
        with context.wrap_socket(link, server_hostname=name) as secured:
            return secured.getpeercert(binary_form=True), secured.version()


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def trusting(rig):
    return ssl.create_default_context(cadata=InternalCa.of(rig.place).root_pem)


def test_who_trusts_the_projects_authority_is_convinced_and_nobody_else(secure, one):
    routed(secure, one)
    context = trusting(secure)
    for name in ("shop.example", "localhost", "127.0.0.1"):
        assert presented(secure.port, name, context)[1] == "TLSv1.3", name
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        presented(secure.port, "other.example", context)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate in certificate chain"):
        presented(secure.port, "shop.example")


def test_fairlead_itself_asks_by_https_and_is_not_fooled(secure, one):
    routed(secure, one)
    assert secure.edge.address() == ("127.0.0.1", secure.port)
    assert secure.edge.scheme() == "https"
    assert secure.edge.ask("/", "shop.example", {}, 60).body == b"one\n"
    assert secure.edge.ask("/", None, {}, 60).status == 404, "no route is for it, but it is convinced"
    assert "CERTIFICATE_VERIFY_FAILED" in secure.edge.ask("/", "other.example", {}, 60).error


def test_tls_is_new_enough(secure, one):
    routed(secure, one)
    old = unverified()
    assert presented(secure.port, "shop.example", old, maximum_version=ssl.TLSVersion.TLSv1_2)[1] == "TLSv1.2"
    with pytest.warns(DeprecationWarning), pytest.raises(ssl.SSLError):
        presented(secure.port, "shop.example", unverified(), maximum_version=ssl.TLSVersion.TLSv1_1)
    weak = unverified()
    weak.set_ciphers("AES256-SHA:AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        presented(secure.port, "shop.example", weak, maximum_version=ssl.TLSVersion.TLSv1_2)


def test_http_leads_to_https(secure, one):
    routed(secure, one)
    answer = http.get(secure.redirect, "/a?b=c", 5, {"Host": f"shop.example:{secure.redirect}"})
    assert answer.status in (301, 308)
    assert answer.headers["location"] == f"https://shop.example:{secure.port}/a?b=c"
    assert one.requests == [], "nothing was sent on by http"


def test_the_secret_header_works_by_https(secure, one, two):
    secure.route({"r1": [one.port], "r2": [two.port]}, host="shop.example", headers=["r1", "r2"])
    assert secure.edge.ask("/", "shop.example", secure.edge.release_header("r2"), 60).body == b"two\n"
    assert secure.edge.ask("/", "shop.example", {}, 60).body == b"one\n"


def test_certificates_that_are_given_are_chosen_by_name(secure, one, tmp_path):
    routed(secure, one)
    other = InternalCa(tmp_path / "ca", "other")
    shop, admin = other.issue(["shop.example"]), other.issue(["*.admin.example"])
    secure.edge.renew((shop, admin))
    context = ssl.create_default_context(cadata=other.root_pem)
    assert presented(secure.port, "shop.example", context)[0] == der(shop)
    assert presented(secure.port, "www.admin.example", context)[0] == der(admin)
    assert presented(secure.port, "unknown.example", unverified())[0] == der(shop), "the first one"
    assert secure.edge.ask("/", "shop.example", {}, 60).body == b"one\n"
    secure.edge.renew(())
    assert presented(secure.port, "shop.example", trusting(secure))[0] not in (der(shop), der(admin))


def der(made):
    return ssl.PEM_cert_to_DER_cert(made.cert_pem[: made.cert_pem.index("-----END") + 25])


def test_another_host_gets_a_certificate_with_its_route(secure, one):
    routed(secure, one)
    routed(secure, one, host="new.example")
    assert presented(secure.port, "new.example", trusting(secure))
    secure.edge.route(EdgeTable(listen=secure.listen))
    assert presented(secure.port, "new.example", trusting(secure)), "nobody is routed to: as before"


def test_one_of_its_own_that_is_due_is_renewed_by_the_keeper(secure, one, monkeypatch):
    routed(secure, one)
    before = presented(secure.port, "shop.example", trusting(secure))[0]
    authority = InternalCa.of(secure.place)
    from fairlead.certificates import KeptCertificate  # noqa: PLC0415

    KeptCertificate(secure.place.edge / "certificates" / "internal").keep(
        authority.issue(["shop.example", "localhost"], ["127.0.0.1", "::1"], days=0.001)
    )
    secure.edge.up()
    assert presented(secure.port, "shop.example", trusting(secure))[0] == before, "it has looked a moment ago"
    monkeypatch.setattr("fairlead.edges.traefik.tls.time.time", lambda: __import__("time").monotonic() + 4e9)
    secure.edge.up()
    monkeypatch.undo()
    assert presented(secure.port, "shop.example", trusting(secure))[0] != before


def test_certificates_change_under_load_and_nobody_notices(secure, one):
    routed(secure, one)
    authority = InternalCa.of(secure.place)
    options = replace(OPTIONS, host="shop.example", trust=authority.root_pem)
    with Traffic(f"https://127.0.0.1:{secure.port}", MIX, options) as traffic:
        eventually(lambda: traffic.snapshot().answered > 20)
        before = secure.process()
        for _ in range(5):
            made = authority.issue(["shop.example"])
            secure.edge.renew((made,))
            assert presented(secure.port, "shop.example", trusting(secure))[0] == der(made)
        report = traffic.stop()
    secure.edge.renew(())
    assert secure.process() == before, "it was not restarted"
    assert (report.lost, report.app_errors, set(report.statuses)) == (0, 0, {200}), report.losses
