"""What goes and what stays, of a catalogue in a folder."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from fairlead.backups.catalogue import Backup, Catalogue, Owner
from fairlead.backups.destinations.base import Denied, put
from fairlead.backups.destinations.directory import Directory
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.pin import pin, unpin
from fairlead.operations.backups.prune import decided, prune
from fairlead.operations.backups.using import used, used_now
from fairlead.operations.backups.verify import routine
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup as Said
from fairlead.project.stack_backup import Keep
from fairlead.system.home import Place

OWNER = Owner("shop", "production", "db")
MORE = {"server": "15", "system": "1", "timeline": 1, "start_lsn": "", "stop_lsn": "", "recipients": (), "parts": ()}
IDS = [f"2026030{day}T030000Z-aaaa" for day in range(1, 6)]


@pytest.fixture
def one(tmp_path, monkeypatch):
    """A store with five backups, one of each day, of which the newest is kept."""
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    catalogue = Catalogue(Directory(tmp_path / "kept"), OWNER)
    for day, id in enumerate(IDS, 1):
        moment = f"2026-03-0{day}T03:00:00+00:00"
        catalogue.add(Backup(id=id, kind="logical", owner=OWNER, began=moment, ended=moment, why="", **MORE))
    said = Said(str(tmp_path / "kept"), keep=Keep(1, 0, 0))
    made = Arrangement(
        Place.of("shop", "production"), "process", Store("db", "postgres", backup=said), said, None, tuple
    )
    made.__dict__["catalogue"] = catalogue
    engine = SimpleNamespace(remove=lambda it: catalogue.remove(it.id), tidy=len, require_whole=lambda it: None)
    made.__dict__["_engines"] = {"builtin": engine}
    return made


def there(one):
    return [backup.id for backup in one.catalogue.look().backups]


def ledger(one, kind):
    with Ledger.read(one.place.ledger) as entries:
        return [entry.data for entry in entries.entries(kinds=[kind])]


def test_each_that_went_has_its_reason_in_the_ledger(one):
    prune(one)
    assert there(one) == IDS[4:]
    (entry,) = ledger(one, "backup.pruned")
    assert [(it["id"], it["reason"]) for it in entry["gone"]] == [
        (id, "a newer one has its place in every tier") for id in reversed(IDS[:4])
    ]


def test_what_is_pinned_stays_until_it_is_not(one):
    pin([one], IDS[1], "before the audit")
    assert ledger(one, "backup.pinned") == [{"store": "db", "id": IDS[1], "reason": "before the audit"}]
    reasons = {it.id: it.reasons for it, _ in ((d, b) for b, d in decided(one).decisions)}
    assert reasons[IDS[1]] == ("pinned: before the audit",)
    prune(one)
    assert there(one) == [IDS[1], IDS[4]]
    unpin([one], IDS[1])
    prune(one)
    assert there(one) == IDS[4:]
    with pytest.raises(FairleadError, match="there is no backup"):
        pin([one], "nothing", "")


def test_what_somebody_reads_stays(one):
    with used(one, IDS[0]):
        assert used_now(one) == (IDS[0],)
        prune(one)
    assert there(one) == [IDS[0], IDS[4]]
    (one.place.backups / "db.used" / f"{IDS[0]}.ffff").touch()  # of one that was killed
    prune(one)
    assert there(one) == IDS[4:]
    assert not list((one.place.backups / "db.used").iterdir())


def test_no_more_goes_than_was_shown(one):
    """Between the question and the answer the policy, or what there is, may be another."""
    catalogue = one.catalogue
    shown = decided(one)
    moment = "2026-03-06T03:00:00+00:00"
    catalogue.add(Backup(id="later", kind="logical", owner=OWNER, began=moment, ended=moment, why="", **MORE))
    pin([one], IDS[0], "")
    done = prune(one, shown=shown)
    assert there(one) == [IDS[0], IDS[4], "later"]
    assert [(it.id, said.reasons) for it, said in done.decisions if it.id == IDS[4]] == [
        (IDS[4], ("it was not to go when that was asked",))
    ]


def test_one_that_cannot_go_keeps_no_other(one, monkeypatch):
    delete = one.catalogue.where.delete

    def locked(name):
        if IDS[2] in name:
            raise Denied("s3://kept cannot be written to: Access Denied")
        delete(name)

    monkeypatch.setattr(one.catalogue.where, "delete", locked)
    with pytest.raises(
        FairleadError, match=f"could not be removed, and stays: {IDS[2]} of db: .*Access Denied"
    ) as said:
        prune(one)
    assert "lock" in said.value.hint
    assert there(one) == [IDS[2], IDS[4]]
    assert [it["id"] for it in ledger(one, "backup.pruned")[0]["gone"]] == [IDS[3], IDS[1], IDS[0]]


def test_what_nobody_can_read_stays_with_what_depends_on_it(one):
    catalogue = one.catalogue
    moment = "2026-03-01T04:00:00+00:00"
    child = Backup(id="child", kind="logical", owner=OWNER, began=moment, ended=moment, why="", parent=IDS[0], **MORE)
    catalogue.add(child)
    put(catalogue.where, catalogue.path(IDS[0], "backup.json"), b"{")
    done = prune(one)
    assert [bad.id for bad in done.bad] == [IDS[0]]
    assert there(one) == [IDS[4], "child"]
    assert [bad.id for bad in catalogue.look().bad] == [IDS[0]]


def test_what_the_schedule_reads(one):
    """The newest, and what has a place for long and was not read for long."""
    object.__setattr__(one.store.backup, "keep", Keep(1, 4, 12))
    now = datetime(2026, 3, 6, tzinfo=UTC)
    for id in IDS[:4]:
        one.catalogue.mark(id, "verified.json", "2026-03-05T09:00:00+00:00")
    assert [it.id for it in routine(decided(one), now)] == [IDS[4]]
    placed = {it.id for it, said in decided(one).decisions if "weekly" in str(said.reasons)}
    assert [it.id for it in routine(decided(one), now + timedelta(days=91))] == [
        *sorted(placed - {IDS[4]}, reverse=True), IDS[4]
    ]  # fmt: skip


def test_what_the_schedule_reads_of_copies_that_depend_on_others(one):
    """The last of what changed is what a restore begins with; those before it have nothing that it lacks."""
    for number in (1, 2):
        moment = f"2026-03-05T0{number + 3}:00:00+00:00"
        made = Backup(
            id=f"c{number}", kind="logical", owner=OWNER, began=moment, ended=moment, why="", parent=IDS[4], **MORE
        )
        one.catalogue.add(made)
    assert [it.id for it in routine(decided(one), datetime(2026, 3, 6, tzinfo=UTC))] == [IDS[4], "c2"]
