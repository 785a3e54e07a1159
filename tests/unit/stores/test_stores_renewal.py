"""When a store reads another certificate: by itself, or when it is started anew for it."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fairlead.certificates import InternalCa
from fairlead.operations.checks.stores import examine
from fairlead.project.stack import Stack, Store
from fairlead.render.stores.ground import Ground
from fairlead.stores import table
from fairlead.stores.base import Address, Running
from fairlead.stores.declared import fingerprint
from fairlead.stores.fake import FakeStores
from fairlead.stores.kinds.s3 import S3
from fairlead.stores.renewal import PATIENCE, may_restart, within
from fairlead.system.home import Place

MADE = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("02:00-05:00", ["02:00", "04:59"], ["01:59", "05:00", "14:00"]),
        ("23:00-01:30", ["23:00", "00:00", "01:29"], ["22:59", "01:30", "12:00"]),
    ],
)
def test_hours(window, inside, outside):
    def clock(text):
        return datetime.strptime(text, "%H:%M").time()

    assert [one for one in (*inside, *outside) if within(window, clock(one))] == inside


def test_it_waits_for_its_hours_but_not_until_nobody_trusts_it():
    noon = datetime(2026, 5, 2, 12).astimezone()
    assert not may_restart("02:00-05:00", MADE, noon)
    assert may_restart("02:00-05:00", MADE, noon.replace(hour=3))
    assert may_restart("02:00-05:00", MADE, noon + PATIENCE)
    assert PATIENCE < timedelta(days=30), "that is what the one before has left"


def test_other_hours_are_no_reason_to_make_it_anew():
    assert fingerprint(Store("kept", "s3", window="01:00-02:00")) == fingerprint(Store("kept", "s3"))


class Here:
    """At a port of this machine."""

    def __init__(self, port):
        self.port = port

    def address(self):
        return Address("127.0.0.1", self.port)


def test_what_it_shows_tells_what_became_of_it(tmp_path):
    """A server that reads its files again, as MinIO does, is never started anew for that."""
    ours, context = InternalCa(tmp_path / "ours", "ours"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def show(made):
        (tmp_path / "pair.pem").write_text(made.key_pem.reveal() + made.cert_pem)
        context.load_cert_chain(tmp_path / "pair.pem")

    before, after = ours.issue(["localhost"]), ours.issue(["localhost"])
    show(before)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here, ground = Here(server.server_address[1]), Ground("", "", 9000, "", "", authority=ours.root_pem)
    try:
        assert S3().reload(ground, here, after.cert_pem) == "old"
        show(after)
        assert S3().reload(ground, here, after.cert_pem) == "read"
        show(InternalCa(tmp_path / "others", "others").issue(["localhost"]))
        assert S3().reload(ground, here, after.cert_pem) == "unknown"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert S3().reload(ground, here, after.cert_pem) == "old", "one that is away has a certificate all the same"


def test_the_doctor_says_that_it_will_be_started_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    place, store = Place.of("shop", "local"), Store("kept", "s3", tls=True)
    place.stores.mkdir(parents=True)
    stores = FakeStores(made={"kept": Running(store, "f", "running")})
    monkeypatch.setattr(stores, "unread", stores.observe, raising=False)
    monkeypatch.setattr(table, "stores_of", lambda *_: stores)
    (said,) = examine(Stack("shop", "local", runtime="docker", stores=(store,)), place)
    assert (said.name, said.result) == ("store kept", "warning")
    assert "started anew for it at 02:00-05:00" in said.text
