"""A rehearsal as a step of a deployment: on a copy, before anything is changed."""

import pytest
from rollout_site import unwell

from fairlead.errors import FairleadError
from fairlead.operations.schema.releases import OfReleases
from fairlead.operations.trials import copies, in_rollout
from fairlead.rollout.schema import APPLIED, UNDONE

pytestmark = pytest.mark.real
REHEARSED = ("migration.rehearsed", "migration.proven", "schema.rehearsed")


def rehearsing(made):
    """One that was deployed once, since nothing is rehearsed on what is empty."""
    one = made()
    one.rehearse = "auto"
    one.site.write(V1__a="create table a (x int); insert into a select generate_series(1, 100)")
    one.deploy()
    assert one.entries(*REHEARSED) == []
    assert "db0.shop is not rehearsed: nothing is in it yet" in one.machine.said
    return one


def test_what_a_rehearsal_shows_to_lose_nothing_is_undone_without_a_proof_by_hand(made):
    one = rehearsing(made)
    one.site.write(V2__b="create table b (); alter table a add y int", U2__b="drop table b; alter table a drop y")
    unwell(one)
    assert one.failed().kept == ()
    steps = [step["kind"] for step in one.entries("rollout.begun")[-1]["plan"]]
    assert steps[:4] == ["snapshot", "rehearse", "migrate", "inspect"]
    proved, rehearsed, told = one.entries(*REHEARSED)[::-1][1], one.entries(*REHEARSED)[0], one.entries(*REHEARSED)[-1]
    assert (rehearsed["verdict"], proved["version"], told["undoable"]) == ("fit", "2", ["V2__b.sql"])
    assert one.site.tables() == ["a"]
    assert [entry["script"] for entry in one.entries(UNDONE)] == ["V2__b.sql"]
    one.machine.runtime.behaviours.clear()
    one.deploy()  # the same files on the same schema: once is enough
    assert len(one.entries(*REHEARSED)) == 3
    assert any("db0.shop is not rehearsed: the same files ran on the same schema at" in text
               for text in one.machine.said)  # fmt: skip


def test_what_fails_on_the_copy_is_refused_with_nothing_changed(made):
    one = rehearsing(made)
    one.site.write(V2__b="create table b ()", V3__c="alter table a add check (x < 50)")
    error = one.failed()
    assert error.message.startswith("undone: the rehearsal of db0.shop says fails: db0/V3__c.sql:1:1: check constraint")
    assert (error.kept, one.site.tables(), one.entries(APPLIED)[1:]) == ((), ["a"], [])
    assert one.site.states() == [("V1__a.sql", "applied"), ("V2__b.sql", "pending"), ("V3__c.sql", "pending")]


def test_who_is_killed_while_it_rehearses_leaves_nothing(made):
    one = rehearsing(made)
    one.site.write(V2__b="create table b ()", U2__b="drop table b")
    left = one.root / "home" / "stores" / "shop.live.db0" / ".." / "db0.copy-1-1"

    class Killed(BaseException):
        pass

    def die(*_):
        left.mkdir(parents=True)
        raise Killed

    with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
        patched.setattr(OfReleases, "rehearse", die)
        one.deploy()
    one.recover()
    assert not left.exists()
    assert one.entries("rollout.closed")[-1]["result"] == "undone"
    assert one.site.tables() == ["a"]


def test_who_asks_for_a_rehearsal_gets_one_or_no_deployment(made, monkeypatch):
    one = rehearsing(made)
    one.site.write(V2__b="create table b ()")
    monkeypatch.setattr(in_rollout, "MOST", 1000)
    monkeypatch.setattr(copies, "require_space", lambda *_: 1 / 0 if one.rehearse == "auto" else no_room())
    one.deploy()
    assert any("a copy of 0.0 GB takes its time" in text for text in one.machine.said)
    one.rehearse = "always"
    one.site.write(V3__c="create table c ()")
    assert one.failed().message == "undone: there is no room"
    one.rehearse = "risky"
    one.deploy()
    assert "db0.shop is not rehearsed: nothing in what is pending is known as a risk" in one.machine.said


def no_room():
    raise FairleadError("there is no room")


def test_what_may_be_lost_by_its_own_word_is_taken_back(made):
    one = rehearsing(made)
    down = "alter table a drop y"
    one.site.write(
        V2__b="alter table a add y int; update a set y = x", U2__b=f"-- fairlead: undo lossy-ok, counted anew\n{down}"
    )
    unwell(one)
    error = one.failed(one.at_step("before 4:inspect", lambda: one.site.ask("insert into a values (1, 7)")))
    assert error.kept == ()
    assert one.site.ask("select count(*) from information_schema.columns where table_name = 'a'") == [(1,)]
