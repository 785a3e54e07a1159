"""What services do, and stand still for, while their files are copied; and that none stays so."""

import json
import threading
from dataclasses import replace

import pytest

from fairlead.backups.destinations.table import Target
from fairlead.errors import Busy, FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.backups import quiet
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.make import make
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup, Quiet
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.fake import FakeRuntime
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

SAID = Quiet("web", before="flush --all", after="resume", pause=3600.0)


@pytest.fixture
def runtime(monkeypatch):
    one = FakeRuntime()
    one.start([InstanceSpec(f"r1.{name}.0", "r1", name, 0, ("x",), "/", {}) for name in ("web", "worker")])
    monkeypatch.setattr(quiet, "runtime_of", lambda name, place: one)
    return one


@pytest.fixture
def one(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    place = Place.of("shop", "local")
    place.create()
    place.backups.mkdir(mode=0o700)
    said = Backup("/x", quiet=SAID)
    return Arrangement(place, "process", Store("uploads", "volume", path="/x", backup=said), said, Target("/x"), tuple)


def told(one, **more):
    """The same that is told something else."""
    return replace(one, said=replace(one.said, quiet=replace(SAID, **more)))


def asked(runtime):
    return [argv for _, argv in runtime.asked]


def test_all_instances_of_the_service_and_none_else(one, runtime):
    with quiet.quiet(one) as check:
        assert asked(runtime) == [("flush", "--all")]
        assert runtime.frozen == {"r1.web.0"}
        assert quiet.left(one.place) == ("uploads",)
        with pytest.raises(Busy), held_lock(one.place.lock, "a deployment", "it"):
            pass
        check()
    assert asked(runtime) == [("flush", "--all"), ("resume",)]
    assert (runtime.frozen, quiet.left(one.place)) == (set(), ())
    with Ledger.open(one.place.ledger) as ledger:
        entry = ledger.last("backup.quiet")
    assert entry.data == {"store": "uploads", "service": "web", "instances": ["r1.web.0"], "pause": 3600.0}


def test_a_copy_that_failed_ends_it_too(one, runtime):
    with pytest.raises(KeyboardInterrupt), quiet.quiet(one):
        raise KeyboardInterrupt
    assert (asked(runtime)[-1], runtime.frozen, quiet.left(one.place)) == (("resume",), set(), ())


def test_what_cannot_be_done_before_is_no_copy_and_is_taken_back(one, runtime):
    with (
        pytest.raises(FairleadError, match="before the copy: `false` ended with 1"),
        quiet.quiet(told(one, before="false")),
    ):
        raise AssertionError
    assert (asked(runtime)[-1], runtime.frozen, quiet.left(one.place)) == (("resume",), set(), ())


def test_what_cannot_be_done_after_is_told_and_tried_again(one, runtime):
    with (
        pytest.raises(FairleadError, match="after the copy: `false` ended with 1"),
        quiet.quiet(told(one, after="false")),
    ):
        pass
    assert (runtime.frozen, quiet.left(one.place)) == (set(), ("uploads",))
    path = one.place.backups / "uploads.quiet.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"after": "true"}))
    quiet.settle(one.place, "process")
    assert quiet.left(one.place) == ()


def test_what_fails_after_a_copy_is_a_finding_and_what_is_declared_next_mends_it(one, runtime):
    """Else no backup of these files would ever be made again."""
    with pytest.raises(FairleadError), quiet.quiet(told(one, after="false")):
        pass
    (found,) = quiet.examine(one.place)
    assert (found.result, found.name) == ("warning", "files of uploads")
    assert "r1.web.0, after the copy: `false` ended with 1: no backup of them is made" in found.text
    assert "say another `after`" in found.hint
    with pytest.raises(FairleadError, match="after the copy"), quiet.quiet(told(one, after="false")):
        raise AssertionError
    with quiet.quiet(told(one, after="true")) as check:
        check()
    assert (quiet.left(one.place), list(quiet.examine(one.place))) == ((), [])


def test_who_was_told_to_be_quiet_goes_on_though_nobody_declares_that_any_more(one, runtime):
    undeclared = replace(one, said=replace(one.said, quiet=None))
    for after in ("resume", "false"):
        path = one.place.backups / "uploads.quiet.json"
        path.write_text(json.dumps({"ids": ["r1.web.0"], "after": after, "seconds": 5.0}))
        with quiet.quiet(undeclared):
            assert asked(runtime).pop() == (after,)
        assert quiet.left(one.place) == ()


def test_nobody_stands_still_for_longer_than_is_said(one, runtime, monkeypatch):
    """Whoever reads is told, so that there is no copy of which half is from later."""
    went = threading.Event()
    thaw = runtime.thaw
    monkeypatch.setattr(runtime, "thaw", lambda ids: (thaw(ids), went.set()))
    with pytest.raises(FairleadError, match="may stand still"), quiet.quiet(told(one, pause=0.05)) as check:
        assert went.wait(60)
        next(quiet.checked(lambda spot, seen: iter([b"a", b"b"]), check)(None, None))
    assert runtime.frozen == set()


def test_who_was_killed_is_followed(one, runtime):
    path = one.place.backups / "uploads.quiet.json"
    path.write_text(json.dumps({"ids": ["r1.web.0", "r0.web.0"], "after": "resume", "seconds": 5}))
    runtime.freeze(["r1.web.0"])
    with held_lock(one.place.backups / "uploads.lock", "a backup", "it"):
        quiet.settle(one.place, "process")  # somebody is at it
    assert runtime.frozen == {"r1.web.0"}
    quiet.settle(one.place, "process")
    assert (runtime.asked, runtime.frozen, path.exists()) == ([("r1.web.0", ("resume",))], set(), False)


def test_what_fails_after_one_copy_holds_up_no_other(one, runtime):
    """Neither who stands still for the files of another volume, nor the backup of a database."""
    for name, after in (("files", "false"), ("uploads", "resume")):
        path = one.place.backups / f"{name}.quiet.json"
        path.write_text(json.dumps({"ids": ["r1.web.0"], "after": after, "seconds": 5}))
    with pytest.raises(FairleadError, match="`false` ended with 1"):
        quiet.settle(one.place, "process")
    assert quiet.left(one.place) == ("files",)
    said = Backup("/x")
    db = replace(one, store=Store("db", "postgres", backup=said), said=said)
    (made,) = make([db])
    assert made.error and "after the copy" not in made.error.message, "it was tried"


def test_nothing_happens_where_nothing_is_asked_or_runs(one, runtime):
    for it in (told(one, service="other"), replace(one, said=replace(one.said, quiet=None))):
        with quiet.quiet(it) as check:
            check()
    assert (runtime.asked, quiet.left(one.place)) == ([], ())
