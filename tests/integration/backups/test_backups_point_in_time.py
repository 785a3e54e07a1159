"""Any moment of a random workload, restored and compared with what was committed then; and all that PostgreSQL itself
would take for something else without a word."""

import contextlib
import os
import random
import shutil
import threading
import time

import pytest
from physical_arena import Workload, arena, rows
from tests.schedule import rotated

from fairlead.backups.physical.coverage import Aim, first_after
from fairlead.backups.physical.spool import waiting
from fairlead.backups.physical.unlike import left_out
from fairlead.backups.physical.wal import Stretch, segment_name
from fairlead.backups.sealing import Damaged
from fairlead.errors import FairleadError, Refused
from fairlead.render.stores.postgres import QUIET
from fairlead.stores.programs import missing
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


LEAST = {
    "max_connections": "40", "max_worker_processes": "9", "max_wal_senders": "11", "max_prepared_transactions": "5",
    "max_locks_per_transaction": "70",
}  # fmt: skip
"""What the server of the arena is started with."""
BOTH = pytest.mark.parametrize("engine", ["builtin", "pgbackrest"], scope="module")
FIRST, SECOND = rotated(["builtin", "pgbackrest"])
IN_TURN = pytest.mark.parametrize(
    "engine", [FIRST, pytest.param(SECOND, marks=pytest.mark.long(seconds=10))], scope="module"
)
"""One engine in the ordinary run, the other one for another commit."""


@pytest.fixture(scope="module", autouse=True)
def programs():
    if missing(["postgres", "pg_basebackup", "pg_receivewal", "pgbackrest"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL or pgBackRest is missing")


@pytest.fixture(scope="module")
def worked(engine):
    """A server, two copies of its files, its log, and moments with what was committed then."""
    with arena(engine) as one:
        with one.receiving() as receiver:
            seen = []
            one.sql("CREATE TABLE before_all (); CREATE TABLE doubted (n int); CREATE TABLE exact (n int)")
            one.base()
            with Workload(one, random.random()) as load:
                for number in range(4):
                    if number == 3:
                        one.sql("BEGIN; INSERT INTO doubted VALUES (1); PREPARE TRANSACTION 'in doubt'")
                    load.stop.wait(0.3)
                    seen.append(load.moment())
                    one.switch()
                    if number == 1:
                        one.base()
            one.sql("INSERT INTO exact VALUES (1)")
            (exact,) = one.sql("SELECT pg_xact_commit_timestamp(xmin) FROM exact")[0]
            one.sql("COMMIT PREPARED 'in doubt'")
            one.switch()
            hurry(one, receiver)
        seen.append((exact, dict(load.committed)))
        yield one, seen, dict(load.committed)


def hurry(one, receiver):
    """Have the receiver write a heartbeat now, and wait until it is carried away."""
    asked = [True]
    receiver.hurry = lambda: bool(asked) and asked.pop()
    one.carried(one.now())


@IN_TURN
def test_random_moments_come_back(worked):
    one, seen, committed = worked
    for moment, then in random.sample(seen, 1):
        with one.at(one.aim(moment)) as server:
            assert rows(server) == then
    with one.at(one.aim()) as server:
        assert rows(server) == committed
        with server.session("postgres") as connection:  # it wrote to nobody's log
            assert connection.execute("SHOW archive_mode").fetchone() == ("off",)
            assert connection.execute("SELECT count(*) FROM pg_replication_slots").fetchone() == (0,)
        with server.session("postgres") as connection:
            connection.execute("CREATE TABLE written ()")  # it is a server of its own, that takes writes


@IN_TURN
def test_a_transaction_that_was_prepared_waits_in_the_copy_too(worked):
    """It is neither committed nor rolled back there, so whoever restores is told of it.

    What was committed at that very moment is not in it: of an accident that is the moment before. The copy can do as
    much as the server, by which it may need to recover, and hands its log to nobody.
    """
    one, seen, _ = worked
    with one.at(one.aim(seen[4][0])) as server:
        assert rows(server) == seen[4][1]
        with server.session("postgres") as connection:
            assert connection.execute("SELECT count(*) FROM exact").fetchone() == (0,)
            for name, value in LEAST.items():
                assert connection.execute(f"SHOW {name}").fetchone() == (value,)
            assert connection.execute("SHOW archive_mode").fetchone() == ("off",)
        (said,) = left_out(server, ["postgres"])
        assert said == "postgres: prepared and neither committed nor rolled back, so not in it: in doubt"
        with server.session("postgres") as connection:
            assert connection.execute("SELECT count(*) FROM doubted").fetchone() == (0,)
            connection.execute("COMMIT PREPARED 'in doubt'")
            assert connection.execute("SELECT count(*) FROM doubted").fetchone() == (1,)


@BOTH
@pytest.mark.long(seconds=240)
def test_fifty_random_moments_come_back(engine):
    """Each of its own workload's, with what was committed by then: not a row more or less."""
    with arena(engine) as one, one.receiving() as receiver:
        one.base()
        wrong = []
        for turn in range(10):
            with Workload(one, turn) as load:
                seen = []
                for _ in range(5):
                    load.stop.wait(load.random.random())
                    seen.append(load.moment())
            hurry(one, receiver)
            for moment, then in seen:
                with one.at(one.aim(moment)) as server:
                    if rows(server) != then:
                        wrong.append(moment)
            if turn % 3 == 2:
                one.base()
        assert wrong == []


@IN_TURN
def test_a_gap_is_known_before_a_restore(worked):
    """PostgreSQL recovers to the gap, and becomes a server: what was committed later is gone without a word."""
    one, seen, committed = worked
    base, *_ = one.catalogue.all()
    first = first_after(base)[1] + 1
    lost = next(one.wal.rglob(f"{segment_name(1, first)}-*"))
    data = lost.read_bytes()
    aim = one.aim(None, base)
    lost.unlink()
    try:
        with pytest.raises(Refused, match="is missing"):
            one.aim(None, base)
        with pytest.raises(Refused, match="is missing"):
            one.aim(seen[-1][0], base)
        with pytest.raises(FairleadError, match="is gone"), one.at(aim):  # lost after it was looked for
            pass
        blind = Aim(base, 1, (Stretch(1, first - 1, first - 1),))  # as if nobody had looked: it stops there
        with one.at(blind) as server:
            assert rows(server) != committed
        whole = Aim(base, 1, (*blind.needed, Stretch(1, first + 1, aim.last)))
        with pytest.raises(FairleadError, match="stopped in the middle of the log"), one.at(whole):
            pass
    finally:
        lost.write_bytes(data)


@IN_TURN
def test_a_moment_that_the_log_does_not_reach(worked):
    """PostgreSQL starts, says that it is up, and dies; this waits until it is no longer in recovery."""
    one, seen, _ = worked
    late = one.aim(seen[-1][0])
    with pytest.raises(FairleadError, match="recovery ended before configured recovery target"):
        with one.at(Aim(late.base, 1, late.needed, one.now())):
            pass
    with pytest.raises(Refused, match="the log after the copy"):
        one.aim(one.now())


@IN_TURN
def test_a_copy_to_its_own_end(worked):
    one = worked[0]
    base = one.catalogue.all()[0]
    with one.at(Aim(base, 1)) as server, server.session("postgres") as connection:
        assert connection.execute("SELECT to_regclass('before_all'), to_regclass('facts')").fetchone()[1] is None


@IN_TURN
def test_what_cannot_be_read_is_no_end_of_the_log(worked):
    """A command that ends with 1 ends the recovery, which becomes a server: so what is damaged ends with another."""
    one = worked[0]
    aim = one.aim(None, one.catalogue.all()[0])
    path = next(one.wal.rglob(f"{segment_name(1, aim.needed[0].first)}-*"))
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    try:
        with pytest.raises(Damaged), one.at(aim):
            pass
    finally:
        path.write_bytes(data)


@IN_TURN
def test_another_timeline_is_not_taken_for_this_one(worked):
    """A server that was restored, and received into the same place, begins a timeline that its moments are on alone."""
    one, seen, _ = worked
    moment = seen[2][0]
    aim = one.aim(moment)
    with one.at(aim) as server:
        with server.session("postgres") as connection:
            connection.execute("CREATE TABLE later ()")
            name = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()[0]
        one.keep_branch(2, next((one.folder / "copies").glob("*/data/pg_wal")), name)
    try:
        assert one.aim(moment).timeline == 1
        with one.at(one.aim(moment)) as server:
            assert rows(server) == seen[2][1]
        assert one.aim().timeline == 2
        with one.at(one.aim()) as server, server.session("postgres") as connection:
            assert connection.execute("SELECT to_regclass('later')").fetchone()[0] is not None
    finally:
        one.drop_branch(2)


@BOTH
@pytest.mark.long(seconds=20)
def test_a_server_that_was_promoted_goes_on_in_the_same_log(engine):
    """A copy from before is recovered over the change of timelines: to moments before it, after it, and to the end."""
    with arena(engine) as one, one.receiving() as receiver:
        one.base()
        seen = []
        for turn in range(2):
            with Workload(one, turn) as load:
                load.stop.wait(0.5)
                seen.append(load.moment())
                load.stop.wait(0.2)
            hurry(one, receiver)
            if turn == 0:
                promote(one)
                hurry(one, receiver)  # a heartbeat says when a timeline began
        assert [one.aim(moment).timeline for moment, _ in seen] == [1, 2]
        for moment, then in seen:
            with one.at(one.aim(moment)) as server:
                assert rows(server) == then
        with one.at(one.aim()) as server:
            assert rows(server) == load.committed


def promote(one):
    """Its server begins a timeline, as one does that was restored or took the place of another."""
    one.postgres.control("stop", "-m", "fast")
    signal = one.postgres.folder / "data" / "standby.signal"
    signal.touch()
    if one.who:
        os.chown(signal, one.who.uid, one.who.gid)
    one.postgres.start()
    one.postgres.control("promote")
    assert wait_until(lambda: one.sql("SELECT pg_is_in_recovery()") == [(False,)], 60)


def lost(sync, seconds):
    """A server is killed under load, and its folder is gone. Rows that were committed and do not come back, and seconds
    between the last that does and the last of all: when this machine is there, and when it went at the same moment.
    """
    with arena(sync=sync) as one, one.receiving():
        one.sql("CREATE TABLE told (n int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        one.base()
        if sync:
            assert wait_until(lambda: one.sql("SHOW synchronous_standby_names") == [("fairlead_wal",)], 60)
        with one.server.session("postgres") as connection:
            connection.execute("SET synchronous_commit = on")  # the server of the tests has it off
            committed, begun = 0, one.now()
            while (one.now() - begun).total_seconds() < seconds:
                connection.execute("INSERT INTO told VALUES (%s)", [committed + 1])
                committed += 1
            last = connection.execute("SELECT max(at) FROM told").fetchone()[0]
            shutil.copytree(one.folder / "kept", one.folder / "elsewhere", ignore=shutil.ignore_patterns("*.tmp"))
            one.postgres.kill()
        shutil.rmtree(one.postgres.folder / "data")
        yield _left(one, one.spool, committed, last)
        shutil.rmtree(one.folder / "kept")
        (one.folder / "elsewhere").rename(one.folder / "kept")
        yield _left(one, None, committed, last)


def _left(one, spool, committed, last):
    with one.at(one.aim(spool=spool), spool) as server, server.session("postgres") as connection:
        count, at = connection.execute("SELECT count(*), max(at) FROM told").fetchone()
    return committed - count, (last - at).total_seconds()


def test_no_commit_is_lost_with_the_folder_of_the_server():
    """Where a commit waits until it is received."""
    with contextlib.closing(lost(sync=True, seconds=0.5)) as there:
        assert next(there)[0] == 0


@pytest.mark.long(seconds=90)
def test_less_than_five_seconds_are_lost_with_the_machine():
    for sync in (True, False):
        with contextlib.closing(lost(sync, 20)) as there:
            here, elsewhere = there
        print(f"sync {sync}: {here[0]} rows lost with the folder, {elsewhere[1]:.2f} s with the machine")
        assert here[1] < 5
        assert elsewhere[1] < 5
        assert not (sync and here[0])


@pytest.mark.long(seconds=150)
def test_less_than_five_minutes_are_lost_where_the_log_is_only_archived():
    """Nobody receives it: a segment that is not full goes when its time is over. Written for longer than that."""
    with arena("pgbackrest") as one, one.receiving():
        one.sql("CREATE TABLE told (n int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        one.base()
        committed, begun = 0, one.now()
        with one.server.session("postgres") as connection:
            while (one.now() - begun).total_seconds() < 100:
                connection.execute("INSERT INTO told VALUES (%s)", [committed + 1])
                committed += 1
                time.sleep(0.2)
            last = connection.execute("SELECT max(at) FROM told").fetchone()[0]
        one.postgres.kill()
        shutil.rmtree(one.postgres.folder / "data")
        rows, seconds = _left(one, None, committed, last)
    print(f"{rows} of {committed} rows lost, {seconds:.1f} s")
    assert 0 < seconds < 100  # something of the time came back, and not all that was written
    assert seconds < 300


WAITS = [("fairlead_wal",)]
WHO = "SELECT pid FROM pg_stat_replication WHERE application_name = 'fairlead_wal'"


@contextlib.contextmanager
def away(one):
    """The place of the backups cannot be reached."""
    kept, gone = one.folder / "kept", one.folder / "away"
    kept.rename(gone)
    kept.write_text("no folder")
    try:
        yield
    finally:
        kept.unlink()
        gone.rename(kept)


def test_a_place_that_cannot_be_reached_holds_up_no_commit():
    """What is received stays in the spool until it can be carried away; with `sync` everybody would wait for that.

    Until that is full: then nothing more is received and nobody waits. What the server does not keep any more is a gap,
    and a new copy is whole.
    """
    with arena(sync=True) as one:
        one.most = 40 << 20
        with one.receiving() as receiver:
            assert wait_until(lambda: one.sql("SHOW synchronous_standby_names") == WAITS, 60)
            hurry(one, receiver)
            before = one.sql(WHO)
            old = one.base()
            with away(one):
                one.sql("CREATE TABLE meanwhile ()")
                assert wait_until(lambda: any("cannot be" in text for text in one.said), 60), one.said
                one.sql("INSERT INTO meanwhile DEFAULT VALUES")
                assert one.sql(WHO) == before
            hurry(one, receiver)
            assert one.sql(WHO) == before
            with away(one):
                fill(one)
                lose(one)
            assert wait_until(lambda: one.noted == ["log.stopped", "log.broken"], 60), one.said
            hurry(one, receiver)
            with pytest.raises(Refused, match="is missing"):
                one.aim(None, old)
            assert wait_until(lambda: one.sql("SHOW synchronous_standby_names") == WAITS, 60)
            new = one.base()
            one.sql("SELECT pg_switch_wal()")
            hurry(one, receiver)
            assert (one.aim().base.id, one.aim().alone) == (new.id, False)
        assert one.sql("SHOW synchronous_standby_names") == WAITS
        looked_after(one)


def looked_after(one):
    """What is done there before anybody can receive waits for no receiver."""

    def make():
        with contextlib.closing(one.server.connect("postgres")) as connection:
            connection.execute("SET synchronous_commit = on")  # the server of the tests has it off
            connection.execute(QUIET.encode())
            connection.execute("CREATE ROLE made_meanwhile")

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), one.sql("SELECT query, wait_event FROM pg_stat_activity WHERE wait_event = 'SyncRep'")


def fill(one):
    """Have more written than the spool may hold; no more than that is in it, and whoever commits waits for nobody."""
    for _ in range(6):
        one.sql("INSERT INTO meanwhile DEFAULT VALUES")
        one.sql("SELECT pg_switch_wal()")
    assert wait_until(lambda: "log.stopped" in one.noted, 60), one.said
    assert one.sql(WHO) == []
    one.sql("INSERT INTO meanwhile DEFAULT VALUES")
    held = sum(waiting(one.spool))
    assert held >= one.most
    one.sql("SELECT pg_switch_wal()")
    assert sum(waiting(one.spool)) == held


def lose(one):
    """The server keeps no more of it than it may."""
    one.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'")
    one.sql("ALTER SYSTEM SET max_wal_size = '32MB'")
    one.sql("SELECT pg_reload_conf()")

    def lost():
        one.sql("INSERT INTO meanwhile DEFAULT VALUES")
        one.sql("SELECT pg_switch_wal()")
        one.sql("CHECKPOINT")
        return one.sql("SELECT wal_status FROM pg_replication_slots") == [("lost",)]

    assert wait_until(lost, 60)
