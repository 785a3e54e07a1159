"""The certificate of a store is renewed while it runs, and the store reads it: whoever verifies it goes on."""

import socket
import ssl
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

import pytest
from store_rig import ProcessRig

from fairlead.certificates import InternalCa, KeptCertificate
from fairlead.errors import FairleadError
from fairlead.project.stack import Store
from fairlead.render.stores.postgres import KEY
from fairlead.stores.kinds.postgres import Postgres
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


def test_one_that_is_due_is_renewed_and_told_until_it_was_read(rig, monkeypatch):
    store = Store("kept", "postgres", databases=("shop",))
    values = rig.values(store)
    rig.have(store, values)
    assert rig.stores.renew(["kept"]) == (), "it has just read it"
    folder = rig.stores._folder(store if isinstance(rig, ProcessRig) else store.name)
    mode = 0o600 if isinstance(rig, ProcessRig) else 0o644
    names = KeptCertificate(folder.certificate).read().names
    due = InternalCa.of(rig.place).issue(names[:-1], days=0.001)
    KeptCertificate(folder.certificate, mode).keep(due)

    def refuse(*_):
        raise FairleadError("it is away for a moment")

    monkeypatch.setattr(Postgres, "reload", refuse)
    with pytest.raises(FairleadError, match="away for a moment"):
        rig.stores.renew(["kept"])
    monkeypatch.undo()
    assert rig.stores.renew(["kept"]) == ("kept",), "it was renewed before, and not read"
    assert rig.stores.renew(["kept"]) == ()
    assert rig.psql(store, values, "SELECT 1") == "1"
    if not isinstance(rig, ProcessRig):
        rig.inside("kept", ["cmp", KEY, "/etc/fairlead/certificate/current/key.pem"], {})


def test_an_s3_that_is_due_serves_the_new_one(rig):
    """One that cannot read another is started anew, at its hours; nobody loses it before."""
    store = Store("sealed", "s3", buckets=("uploads",), tls=True)
    values = rig.values(store)
    rig.have(store, values)
    assert rig.stores.renew(["sealed"]) == ()
    folder = rig.stores._folder(store if isinstance(rig, ProcessRig) else store.name)
    mode = 0o600 if isinstance(rig, ProcessRig) else 0o644
    before = served(rig, store)
    names = KeptCertificate(folder.certificate).read().names
    KeptCertificate(folder.certificate, mode).keep(InternalCa.of(rig.place).issue(names[:-1], days=0.02))
    hours = time.fromisoformat(store.window.split("-")[0])
    night = datetime.combine(datetime.now(UTC).astimezone(), hours).astimezone()
    assert rig.stores.renew(["sealed"], night - timedelta(hours=2)) == ()
    assert served(rig, store) == before
    assert [one.name for one in rig.stores.unread()] == ["sealed"]
    assert rig.stores.renew(["sealed"], night) == ("sealed",)
    assert rig.stores.unread() == ()
    assert wait_until(lambda: served(rig, store) not in (None, before), 90, 0.2)
    assert wait_until(lambda: rig.stores.ask("sealed") == "", 90, 0.2)


def served(rig, store):
    """The certificate that it shows; None while it does not answer."""
    context = ssl.create_default_context(cadata=rig.stores.authority_pem())
    where = urlsplit(rig.s3(store))
    try:
        with (
            socket.create_connection((where.hostname, where.port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.getpeercert()["serialNumber"]
    except OSError:
        return None
