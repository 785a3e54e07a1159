"""One file with all that a client of AWS trusts: our own authority, and those of the machine."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fairlead.certificates import InternalCa, public
from fairlead.certificates.public import beside_public
from fairlead.masking import Secret, concealed
from fairlead.project.stack import Store
from fairlead.stores.base import Address
from fairlead.stores.fake import FakeStores
from fairlead.stores.handover import _of

LISTED = b"<ListAllMyBucketsResult><Buckets><Bucket><Name>kept</Name></Bucket></Buckets></ListAllMyBucketsResult>"


class Buckets(BaseHTTPRequestHandler):
    """An S3 with one."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(LISTED)))
        self.end_headers()
        self.wfile.write(LISTED)

    def log_message(self, *_):
        pass


@pytest.fixture
def s3(tmp_path):
    """Starts one by https with a certificate of an authority; its port."""
    begun = []

    def start(authority):
        made = authority.issue(["localhost"])
        pair = tmp_path / f"{authority.name}.pem"
        pair.write_text(made.key_pem.reveal() + made.cert_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        server = HTTPServer(("127.0.0.1", 0), Buckets)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        begun.append((server, thread))
        return server.server_address[1]

    yield start
    for server, thread in begun:
        server.shutdown()
        thread.join()
        server.server_close()


def test_who_uses_an_s3_of_ours_goes_on_trusting_others(tmp_path, s3, monkeypatch):
    """By AWS' own client, as a service has it: with the variables and the file that it is handed."""
    boto3 = pytest.importorskip("boto3")
    ours, machine = InternalCa(tmp_path / "ours", "ours"), InternalCa(tmp_path / "machine", "machine")
    (tmp_path / "bundle.pem").write_text(f"# as {machine.name} has it\n{machine.root_pem}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
    (tmp_path / "file").write_text(beside_public(ours.root_pem))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "file"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    for authority in (ours, machine):
        where = f"https://localhost:{s3(authority)}"
        client = boto3.session.Session().client("s3", endpoint_url=where, region_name="us-east-1")
        assert [one["Name"] for one in client.list_buckets()["Buckets"]] == ["kept"]
        client.close()


def test_a_machine_without_any_has_those_that_come_with_fairlead(monkeypatch):
    monkeypatch.setattr(public, "_paths", lambda: iter([Path("/nowhere/bundle.pem")]))
    context = ssl.create_default_context(cadata=beside_public(""))
    assert len(context.get_ca_certs()) > 50


def test_what_services_are_handed_is_not_searched_for_in_what_is_said(tmp_path, monkeypatch):
    """It is public, and has thousands of lines."""
    pem = InternalCa(tmp_path / "ours", "ours").root_pem
    monkeypatch.setattr(FakeStores, "authority_pem", lambda _: pem)
    store, values = Store("kept", "s3", tls=True), {"KEPT_PASSWORD": Secret("phrase-of-kept")}
    handed = _of(store, Address("kept", 9000), FakeStores(), values)
    line = pem.splitlines()[3]
    assert handed["KEPT_AUTHORITIES"].reveal().startswith(pem)
    assert concealed(f"it says {line} and phrase-of-kept") == f"it says {line} and ********"
