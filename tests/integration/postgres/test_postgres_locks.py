"""Several at once on a real PostgreSQL: one runs, the others wait, are told for whom, and hold up nobody."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from fairlead.errors import Busy, FairleadError
from fairlead.postgres.connection import pooled
from fairlead.postgres.lock import OURS
from fairlead.postgres.rows import flyway_lock
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def beside():
    """`beside(work)`: done in a thread; `.result()` is what it gave, or raises what it raised."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def test_of_two_migrators_one_runs_and_the_other_waits(site, beside):
    """And an index that is built CONCURRENTLY neither deadlocks with the one that waits nor stays INVALID."""
    site.ask("create schema gate; create table gate.closed as select 1 as is_it")
    site.write(
        V1__a="create table a (x int); insert into a select generate_series(1, 1000);"
        "do $$ begin while exists (select from gate.closed) loop perform pg_sleep(0.05); end loop; end $$",
        V2__index="create index concurrently a_x on a (x)",
    )
    said = []
    both = [beside(site.migrate, said.append, 60) for _ in range(2)]
    assert wait_until(lambda: any(event.kind == "wait" for event in said), 240)
    site.ask("delete from gate.closed")
    done = [one.result(90) for one in both]
    assert sorted(done) == [[], ["V1__a.sql", "V2__index.sql"]]
    assert [row[1] for row in site.rows()] == ["1", "2"]
    assert site.status().invalid == ()
    waits = [event.text for event in said if event.kind == "wait"]
    assert len(waits) == 1
    assert waits[0].startswith(f'waiting for "fairlead migrate, {os.getpid()} on {socket.gethostname()}", pid ')


@pytest.mark.parametrize("key", ["ours", "flyway"])
def test_whoever_holds_the_lock_is_named(site, key):
    site.write(V1__a="create table a ()")
    number = OURS if key == "ours" else flyway_lock("public", "flyway_schema_history")
    with site.connect(application_name="somebody") as other:
        other.execute("select pg_advisory_lock(%s)", (number,))
        with pytest.raises(Busy, match=rf'"somebody", pid {other.info.backend_pid}, user postgres, from 127.0.0.1'):
            site.migrate(wait=0)
        assert '"somebody"' in site.status().holder
        # the half that was free is free again
        free = OURS if key == "flyway" else flyway_lock("public", "flyway_schema_history")
        with site.connect() as third:
            assert third.execute("select pg_try_advisory_lock(%s)", (free,)).fetchone() == (True,)
    assert site.migrate() == ["V1__a.sql"]


def test_readers_wait_no_longer_than_lock_timeout(site, beside):
    """A reader holds the table; behind the ALTER TABLE that waits for it another one reads at once after a moment."""
    site.write(V1__a="create table a (x int)")
    site.migrate()
    site.write(V2__b="alter table a add column y int")
    site.settings["attempts"] = 50
    said = []
    with site.connect(application_name="long reader") as long:
        long.execute("begin; select * from a")
        moving = beside(site.migrate, said.append)
        assert wait_until(lambda: any(event.kind == "retry" for event in said), 240)
        with site.connect(options="-c statement_timeout=20000") as short:
            for _ in range(3):  # each within the server's patience, though the ALTER TABLE comes again and again
                short.execute("select * from a")
        long.execute("commit")
    assert moving.result(60) == ["V2__b.sql"]
    assert 'of "long reader" (user postgres) has a transaction open' in next(e.text for e in said if e.kind == "retry")


def test_a_lock_that_is_never_had_ends_with_who_has_it(site):
    site.write(V1__a="create table a (x int)")
    site.migrate()
    site.settings |= {"attempts": 2, "lock_timeout": 0.05}
    site.write(V2__b="create table b ();\nalter table a add column y int")
    with site.connect(application_name="long reader") as long:
        long.execute("begin; select * from a")
        with pytest.raises(
            FairleadError, match=r"V2__b.sql:2:1: canceling .* lock timeout, in 2 tries; pid .*long reader"
        ):
            site.migrate()
    assert site.tables() == ["a"]
    assert site.migrate() == ["V2__b.sql"]


def test_a_deadlock_is_tried_again_as_a_whole(site, beside):
    site.write(
        V1__a="create table a (x int); create table b (x int); insert into a values (1); insert into b values (1)"
    )
    site.migrate()
    site.settings["lock_timeout"] = 20.0  # the deadlock is found after a second
    site.write(V2__c="update a set x = 2; select pg_sleep(0.4); update b set x = 2")
    with site.connect() as other:
        other.execute("begin; update b set x = 3")
        moving = beside(site.migrate)
        sleeping = "select 1 from pg_stat_activity where query like 'select pg_sleep%%' or query like 'update b%%x = 2'"
        assert wait_until(lambda: site.ask(sleeping), 240)
        try:
            other.execute("update a set x = 3")
            other.execute("commit")
        except psycopg.errors.DeadlockDetected:
            other.execute("rollback")
    assert moving.result(60) == ["V2__c.sql"]


def failing(state, tries):
    """A statement that fails so often with this state, and counts: a sequence takes nothing back."""
    return (
        f"do $$ begin if nextval('tries') <= {tries} then raise exception 'no' using errcode = '{state}'; "
        "end if; end $$; create table b ()"
    )


def test_what_others_made_impossible_to_order_is_tried_again_as_a_whole(site):
    site.write(V1__a="create table a (); create sequence tries")
    site.migrate()
    site.write(V2__b=f"create table c (); {failing('40001', 2)}")
    assert site.migrate() == ["V2__b.sql"]
    assert (site.tables(), site.ask("select last_value from tries")) == (["a", "b", "c"], [(3,)])


def test_what_was_cancelled_is_not_tried_again(site):
    site.write(V1__a="create table a (); create sequence tries")
    site.migrate()
    site.write(V2__b=failing("57014", 1))
    with pytest.raises(FairleadError):
        site.migrate()
    assert site.ask("select last_value from tries") == [(1,)]


def test_a_value_of_an_enum_is_used_in_the_next_file(site):
    site.write(V1__a="create type mood as enum ('fine'); create table a (how mood)")
    site.migrate()
    site.write(V2__more="alter type mood add value 'sad'; insert into a values ('sad')")
    with pytest.raises(FairleadError, match="enum-value-used"):  # known before it begins
        site.migrate()
    hidden = "do $$ begin execute 'insert into a values (''sad'')'; end $$"
    site.write(V2__more=f"alter type mood add value 'sad'; {hidden}")
    with pytest.raises(FairleadError, match="unsafe use of new value") as caught:  # known to the server alone
        site.migrate()
    assert "put its use into the next file" in caught.value.hint
    site.write(V2__more="alter type mood add value 'sad'", V3__use="insert into a values ('sad')")
    assert site.migrate() == ["V2__more.sql", "V3__use.sql"]


def test_a_statement_that_takes_too_long_is_not_tried_again(site):
    site.settings["statement_timeout"] = 1.0
    site.write(V1__slow="select pg_sleep(30)")
    with pytest.raises(FairleadError, match="statement timeout") as caught:
        site.migrate()
    assert "statement_timeout" in caught.value.hint


def test_somebody_who_writes_without_the_lock_is_noticed(site):
    site.write(V1__a="create table a ()", V2__b="create table b ()")
    intruder = "insert into flyway_schema_history values (2, '1.5', 'x', 'SQL', 'V1_5__x.sql', 1, 'me', now(), 1, true)"

    def intrude(event):
        if event.kind == "done" and event.script == "V1__a.sql":
            site.ask(intruder)

    with pytest.raises(FairleadError, match=r"somebody else wrote to public.flyway_schema_history"):
        site.migrate(intrude)
    assert site.tables() == ["a"]


def test_a_pooler_is_known_by_its_numbers():
    assert pooled(4711, 4711) is False
    assert pooled(1, 4711) is True
