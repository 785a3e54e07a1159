"""The schema inside of a deployment: moved before the new release starts, kept or undone when that fails."""

from dataclasses import replace

import pytest
from postgres_site import Site
from rollout_site import unwell

from fairlead.backups.server import at_url
from fairlead.errors import Busy, FairleadError, Refused, RolloutFailed
from fairlead.masking import Secret
from fairlead.operations.by_hand import by_hand, keeping, undo_by_hand
from fairlead.operations.contract import alone, finish
from fairlead.operations.db.plan import Asked
from fairlead.operations.housekeeping import Housekeeping
from fairlead.operations.schema import moves, unwritten
from fairlead.operations.schema.kept import migration_files
from fairlead.operations.schema.releases import OfReleases
from fairlead.operations.trials.copies import Copy
from fairlead.operations.trials.prove import KEPT as KEPT_PROOF
from fairlead.operations.trials.prove import proofs
from fairlead.rollout.schema import APPLIED, KEPT, SNAPSHOT, UNDONE
from fairlead.stores.programs import find

pytestmark = pytest.mark.real


def test_pending_files_run_before_the_new_release_starts(made):
    one = made()
    one.site.write(V1__a="create table a (x int)", R__v="create or replace view v as select x from a")
    one.checks = {"shop": ("select count(*) from a",)}
    seen = []
    one.deploy(one.at_step("before 3:start", lambda: seen.append(one.site.tables())))
    assert seen == [["a"]]
    assert [entry["script"] for entry in one.entries(APPLIED)] == ["V1__a.sql", "R__v.sql"]
    assert one.entries(SNAPSHOT) == []  # there was nothing in it
    plan = one.entries("rollout.begun")[0]["plan"]
    assert [step["kind"] for step in plan][:3] == ["migrate", "inspect", "start"]
    one.site.write(V2__b="create table b ()")
    one.deploy()
    (snapshot,) = one.entries(SNAPSHOT)
    assert snapshot["store"] == "db0"
    assert snapshot["restore_point"].startswith("fairlead-")
    one.deploy()  # nothing is pending any more
    assert not {"migrate", "snapshot"} & {step["kind"] for step in one.entries("rollout.begun")[-1]["plan"]}


def test_a_failed_file_leaves_the_old_release_and_the_schema(made):
    one = made()
    one.site.write(V1__a="create table a (x int)")
    first = one.deploy().release
    one.site.write(V2__b="create table b (); select 1/0")
    error = one.failed()
    assert isinstance(error, RolloutFailed)
    assert error.message == "undone: db0/V2__b.sql:1:20: division by zero"
    assert error.kept == ()
    assert (one.live(), one.site.tables()) == (first, ["a"])
    assert one.entries("rollout.closed")[-1]["result"] == "undone"
    assert "kept" not in one.entries("rollout.closed")[-1]


def test_what_failed_in_pieces_is_there_in_part_and_that_is_said(made):
    one = made()
    one.site.write(V1__a="create table a (x int)")
    one.deploy()
    one.site.write(V2__b="create index concurrently i on a (x); select 1/0")
    assert one.failed().kept == ("db0.shop keeps V2__b.sql: that an undo loses nothing is not proven",)


def test_of_several_databases_those_that_moved_stay_and_that_is_said(made):
    one = made(2)
    one.sites[0].write(V1__a="create table a (x int)")
    one.sites[1].write(V1__a="create table a (x int); select 1/0")
    error = one.failed()
    assert error.kept == ("db0.shop keeps V1__a.sql: that an undo loses nothing is not proven",)
    assert (one.sites[0].tables(), one.sites[1].tables()) == (["a"], [])
    assert [(entry["database"], entry["scripts"]) for entry in one.entries(KEPT)] == [("db0.shop", ["V1__a.sql"])]
    one.sites[1].write(V1__a="create table a (x int)")
    one.deploy()
    assert one.sites[1].tables() == ["a"]


def test_a_check_that_no_longer_works_fails_the_deployment(made):
    one = made()
    one.checks = {"shop": ("select count(*) from gone",)}
    one.site.write(V1__a="create table a (x int)")
    error = one.failed()
    assert 'the check `select count(*) from gone` does not work after the migration: relation "gone"' in error.message
    assert one.site.tables() == ["a"]


def test_what_cannot_be_run_is_refused_before_anything_starts(made):
    one = made()
    one.site.write(V1__a="create table a (x int)")
    one.deploy()
    one.site.write(V1__a="create table a (y int)")
    with pytest.raises(FairleadError, match="was changed after it was applied"):
        one.deploy()
    assert len(one.entries("rollout.begun")) == 1


def test_a_plan_is_refused_where_the_deployment_would_be(made, monkeypatch):
    one = made()
    one.site.write(V1__a="create table a (x int)")

    def early():
        stack = one.stack()
        return moves.moves(stack, one.root, one.root, migration_files(stack, one.root), early=True)

    assert early()[0].scripts == ("V1__a.sql",)
    one.deploy()
    one.site.write(V1__a="create table a (y int)")
    with pytest.raises(FairleadError, match="was changed after it was applied"):
        early()
    monkeypatch.setenv(one.names[0], "postgresql://nobody@127.0.0.1:1/nothing")
    assert "no connection" in early()[0].unknown


def test_files_are_those_of_the_release(made):
    """What is changed in the folder meanwhile is another release's."""
    one = made()
    one.site.write(V1__a="create table a (x int)")
    one.deploy(one.at_step("before 1:migrate", lambda: one.site.write(V2__b="create table b ()")))
    assert one.site.tables() == ["a"]


def test_a_failed_rollout_keeps_what_is_not_proven_and_the_next_one_goes_on(made):
    one = made()
    one.site.write(V1__a="create table a (x int)", U1__a="drop table a")
    unwell(one)
    error = one.failed()
    assert error.kept == ("db0.shop keeps V1__a.sql: that an undo loses nothing is not proven",)
    assert one.site.tables() == ["a"]
    assert one.entries("rollout.closed")[-1]["kept"] == list(error.kept)
    assert "everything is as it was, but for the schema: db0.shop keeps V1__a.sql" in " ".join(one.machine.said)
    one.machine.runtime.behaviours.clear()
    one.deploy()
    assert [entry["script"] for entry in one.entries(APPLIED)] == ["V1__a.sql"]


def proved(one):
    """Tried in a database of its own, and kept where `fairlead db prove` keeps it."""
    copy = Site(one.site.server, one.site.server.new("copy"), one.site.folder)
    programs = {name: find(name) for name in ("pg_dump", "pg_restore", "pg_dumpall")}
    with at_url(Secret(copy.url), programs) as server:
        database = replace(copy.database, store="db0.shop")
        found = [each.to_data() for each in proofs(Copy(database, server, "a test"), Asked())]
    one.note(KEPT_PROOF, found)
    return [each["kind"] for each in found]


def test_a_failed_rollout_undoes_what_is_proven_to_lose_nothing(made):
    one = made()
    one.site.write(V1__a="create table a (x int)", V2__b="create table b ()")
    one.site.write(U1__a="drop table a", U2__b="drop table b")
    assert proved(one) == ["lossy", "lossy"]  # as soon as somebody writes
    unwell(one)
    assert one.failed().kept == ()
    (step,) = (step for step in one.entries("rollout.begun")[0]["plan"] if step["kind"] == "migrate")
    assert step["undoable"] == step["scripts"]
    assert one.site.tables() == []
    assert [entry["script"] for entry in one.entries(UNDONE)] == ["V2__b.sql", "V1__a.sql"]
    assert one.site.states() == [("V1__a.sql", "undone"), ("V2__b.sql", "undone"), ("V1__a.sql", "pending"),
                                 ("V2__b.sql", "pending")]  # fmt: skip


def test_what_somebody_has_written_into_is_kept(made):
    one = made()
    one.site.write(V1__a="create table a (x int)", V2__b="create table b ()")
    one.site.write(U1__a="drop table a", U2__b="drop table b")
    proved(one)
    unwell(one)
    error = one.failed(one.at_step("before 2:inspect", lambda: one.site.ask("insert into a values (1)")))
    assert error.kept == (
        "db0.shop keeps V1__a.sql, whose undo failed: U1__a.sql would lose something: "
        "public.a goes, with every row that was written to it since",
    )
    assert one.site.ask("select x from a") == [(1,)]
    assert "b" not in one.site.tables()


def test_an_undo_that_fails_is_no_reason_to_stay_half_undone(made, monkeypatch):
    one = made()
    one.site.write(V1__a="create table a (x int)", U1__a="drop table a; select 1/0")
    monkeypatch.setattr(moves, "proven", lambda *_: ("V1__a.sql",))
    monkeypatch.setattr(unwritten, "unwritten", lambda *_: None)
    unwell(one)
    (kept,) = one.failed().kept
    assert kept.startswith("db0.shop keeps V1__a.sql, whose undo failed: db0/U1__a.sql:1:15: division by zero")
    assert one.site.tables() == ["a"]


def test_what_somebody_else_ran_is_never_undone(made, monkeypatch):
    """Another host was quicker: the file is in force, and this rollout did not run it."""
    one = made()
    one.site.write(V1__a="create table a (x int)", U1__a="drop table a")
    monkeypatch.setattr(moves, "proven", lambda *_: ("V1__a.sql",))
    unwell(one)
    error = one.failed(one.at_step("before 1:migrate", one.site.migrate))
    assert error.kept == ("db0.shop keeps V1__a.sql: that an undo loses nothing is not proven",)
    assert one.site.tables() == ["a"]


def test_what_is_too_large_to_look_at_while_users_wait_is_kept(made, monkeypatch):
    one = made()
    one.site.write(V1__a="create table a (x int)", U1__a="drop table a")
    proved(one)
    unwell(one)
    monkeypatch.setattr(unwritten, "written", lambda connection, _: connection.execute("select pg_sleep(60)"))
    monkeypatch.setattr(unwritten, "LOOK", 0.01)
    (kept,) = one.failed().kept
    assert kept.endswith("U1__a.sql: whether somebody has written to public.a takes longer to see than users can wait")
    assert one.site.tables() == ["a"]


def test_an_undo_in_pieces_is_not_begun_where_somebody_may_write(made):
    one = made()
    one.site.write(V1__a="create table a (x int); create index a_x on a (x)",
                   U1__a="drop index concurrently a_x; drop table a")  # fmt: skip
    assert proved(one) == ["lossy"]
    unwell(one)
    assert one.failed().kept == ("db0.shop keeps V1__a.sql: that an undo loses nothing is not proven",)
    assert one.site.tables() == ["a"]


def test_an_undo_that_was_killed_before_its_note_was_done_all_the_same(made, monkeypatch):
    one = made()
    one.site.write(V1__a="create table a (x int)", V2__b="create table b ()")
    one.site.write(U1__a="drop table a", U2__b="drop table b")
    proved(one)
    unwell(one)
    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(OfReleases, "undo", lambda *_: one.site.undo() and 1 / 0)
        one.deploy()
    assert one.site.tables() == ["a"]
    one.keep(1)
    assert one.site.tables() == []
    assert "kept" not in one.entries("rollout.closed")[-1]


def contracting(one, **rollout):
    """A release that has a column, then one that does without and drops it once the other is gone."""
    one.site.write(V1__a="create table a (x int, y int)")
    first = one.deploy().release
    one.site.write(V2__z="alter table a add z int", **{"contract/V3__drop.sql": "alter table a drop y"})
    second = one.deploy(**rollout).release
    return first, second


def columns(one):
    return [name for (name,) in one.site.ask("select column_name from information_schema.columns"
                                             " where table_name = 'a' order by 1")]  # fmt: skip


def test_the_contract_waits_until_the_old_release_is_gone(made):
    one = made()
    first, _ = contracting(one, rollback_window=600.0)
    one.keep()
    assert columns(one) == ["x", "y", "z"]
    assert one.roll_back().release == first  # the schema is newer, and that is said
    assert f"the schema stays newer than {first}: V2__z.sql of db0.shop ran after it" in one.machine.said
    one.deploy(rollback_window=0.0)
    one.keep()
    assert columns(one) == ["x", "z"]
    assert [entry["kind"] for entry in one.entries("contract.begun", "contract.done")] == [
        "contract.begun",
        "contract.done",
    ]
    applied = one.entries(APPLIED)[-1]
    assert (applied["script"], applied["contract"]) == ("contract/V3__drop.sql", True)
    one.keep()
    assert len(one.entries("contract.done")) == 1


def test_no_way_back_behind_a_contract_unless_somebody_says_so(made):
    one = made()
    first, _ = contracting(one)
    one.keep()
    assert columns(one) == ["x", "z"]
    with pytest.raises(Refused, match=r"no longer there: contract/V3__drop\.sql of db0\.shop ran after it"):
        one.roll_back()
    assert one.roll_back(despite_contract=True).release == first


def test_what_ran_by_hand_is_known_to_whoever_goes_back(made):
    """And what was kept before it, as before a deployment."""
    one = made()
    one.site.write(V1__a="create table a (x int)")
    first = one.deploy().release
    one.deploy(rollback_window=600.0)
    one.site.write(V2__b="create table b ()", U2__b="drop table b")
    database, emitted = replace(one.site.database, store="db0.shop"), []
    keep = keeping(one.stack(), one.root, one.machine.place, emitted.append)
    (moved,) = by_hand(one.machine.place, [database], emit=emitted.append, keep=keep)
    assert moved.done == ("V2__b.sql",)
    (kept,) = one.entries(SNAPSHOT)
    assert kept["restore_point"].startswith("fairlead-by-hand-")
    assert [event.text for event in emitted if event.kind == "note"] == [f"db0: restore point {kept['restore_point']}"]
    one.roll_back()
    assert f"the schema stays newer than {first}: V2__b.sql of db0.shop ran after it" in one.machine.said
    undo_by_hand(one.machine.place, [database], None, 1, keep=keep)
    assert [entry["script"] for entry in one.entries(UNDONE)] == ["V2__b.sql"]
    assert len(one.entries(SNAPSHOT)) == 2
    one.machine.said.clear()
    one.roll_back()
    assert not [text for text in one.machine.said if "stays newer" in text]


def test_a_contract_that_ran_by_hand_is_no_less_in_the_way(made):
    one = made()
    first, _ = contracting(one, rollback_window=600.0)
    database = replace(one.site.database, store="db0.shop")
    (moved,) = by_hand(one.machine.place, [database], Asked(contract=True))
    assert (moved.error, moved.contract) == (None, ("contract/V3__drop.sql",))
    with pytest.raises(Refused, match=r"contract/V3__drop\.sql of db0\.shop ran after it"):
        one.roll_back()
    assert one.roll_back(despite_contract=True).release == first


def test_a_contract_by_hand_that_was_killed_is_no_less_in_the_way(made):
    """It is known before it runs, and the next one says that nobody is at it any more."""
    one = made()
    contracting(one, rollback_window=600.0)
    database = replace(one.site.database, store="db0.shop")

    def die(event):
        if event.kind == "done" and "V3" in event.script:
            raise SystemExit

    with pytest.raises(SystemExit):
        by_hand(one.machine.place, [database], Asked(contract=True), emit=die)
    assert columns(one) == ["x", "z"]
    with pytest.raises(Refused, match=r"contract/V3__drop\.sql of db0\.shop ran after it"):
        one.roll_back()
    one.site.write(**{"contract/V4__drop.sql": "alter table a drop z; select 1 / 0"})
    (moved,) = by_hand(one.machine.place, [database], Asked(contract=True))
    assert moved.error
    killed, failed = one.entries("contract.failed")
    assert killed["reason"] == "whoever did it was killed"
    assert (failed["databases"], "division by zero" in failed["reason"]) == (
        {"db0.shop": ["contract/V4__drop.sql"]}, True
    )  # fmt: skip


def test_a_contract_is_done_by_one_at_a_time_and_a_deployment_knows_by_whom(made):
    one = made()
    contracting(one)
    with alone(one.machine.place, 0.0, print):
        environment = one.machine.opened()
        try:
            keeper = Housekeeping(environment, contracting=lambda _: pytest.fail("begun twice"))
            for _ in range(3):
                keeper.round()
            with pytest.raises(Busy, match=r"the contract of shop/live is held by .*contract"):
                finish(environment, 0.1)
        finally:
            environment.ledger.close()
    one.keep()
    assert columns(one) == ["x", "z"]


def test_where_the_folder_of_the_deployment_is_gone_that_is_said(made, monkeypatch):
    """A checkout of CI: the url of the database was a secret of it."""
    one = made()
    contracting(one)
    monkeypatch.delenv("URL_0")
    release = one.machine.releases.load(one.live())
    gone = replace(release, machine={"root": str(one.root / "checkout")})
    databases = OfReleases(one.machine.place.migrations, print)
    with pytest.raises(FairleadError, match=r"checkout, from which release .* was deployed, is gone.*URL_0"):
        databases.applied(gone, "db0.shop")


def test_a_contract_that_fails_is_said_once_and_tried_again(made):
    one = made()
    one.site.write(V1__a="create table a (x int, y int)")
    one.deploy()
    one.site.write(V2__v="create view v as select y from a", **{"contract/V3__drop.sql": "alter table a drop y"})
    one.deploy()
    one.keep()
    one.keep()
    (failed,) = one.entries("contract.failed")
    assert failed["reason"].startswith("db0/contract/V3__drop.sql:1:1: cannot drop column y of table a")
    assert len(one.entries("contract.begun")) == 1
    one.site.ask("drop view v")
    one.keep()
    assert columns(one) == ["x"]


def test_a_contract_that_failed_in_pieces_is_no_less_in_the_way(made):
    one = made()
    one.site.write(V1__a="create table a (x int, y int)")
    one.deploy()
    one.site.write(**{"contract/V2__drop.sql": "alter table a drop y; drop index concurrently nothing"})
    one.deploy()
    one.keep()
    assert columns(one) == ["x"]
    assert one.entries("contract.failed")
    with pytest.raises(Refused, match=r"contract/V2__drop\.sql of db0\.shop ran after it"):
        one.roll_back()


def test_a_contract_that_fails_again_and_again_is_kept_once(made):
    one = made()
    one.site.write(V1__a="create table a (x int, y int)")
    one.deploy()
    one.site.write(V2__v="create view v as select y from a", **{"contract/V3__drop.sql": "alter table a drop y"})
    one.deploy()
    before = len(one.entries(SNAPSHOT))
    one.keep()
    one.keep()
    assert len(one.entries("contract.failed")) == 1
    assert len(one.entries(SNAPSHOT)) == before + 1


def test_a_contract_that_was_killed_is_gone_on_with(made):
    """Between a commit and its note: what ran counts all the same."""
    one = made()
    contracting(one)
    one.keep(0)
    environment = one.machine.opened()
    try:
        environment.world.databases.migrate = lambda *_, **__: one.site.migrate(contract=True) and 1 / 0
        with pytest.raises(ZeroDivisionError):
            one.retire(environment)
    finally:
        environment.ledger.close()
    assert columns(one) == ["x", "z"]
    with pytest.raises(Refused):
        one.roll_back()
    one.keep()
    assert [entry["reason"] for entry in one.entries("contract.failed")] == ["whoever did it was killed"]
    assert len(one.entries("contract.done")) == 1
    with pytest.raises(Refused):
        one.roll_back()
