"""Rehearsals on a real PostgreSQL: what each statement locks and rewrites, what breaks; the live one is as it was."""

import json

import pytest
from copy_site import copy_of, live, server_of_a_moment

from fairlead.errors import FairleadError
from fairlead.operations.db.plan import Asked
from fairlead.operations.trials.copies import Copy
from fairlead.operations.trials.rehearse import Asking, Lacking, queries_of, rehearsed
from fairlead.postgres.files import read_files
from fairlead.postgres.queries import Query
from fairlead.postgres.rehearsal import Rehearsal, Verdict, prints, rehearsal_of
from fairlead.postgres.sampled import Sampled

pytestmark = pytest.mark.real


def tried(site, *queries):
    """In the database of the test itself, as if it were a copy."""
    with live(site) as server:
        asking = Asking(tuple(Query(text, "postgres", 1) for text in queries))
        return rehearsed(Copy(site.database, server, "a test"), Asked(), asking)


def seen(one):
    """Of each statement its locks, then what it rewrites."""
    return [
        ([(lock.table.removeprefix("public."), lock.mode.removesuffix("Lock")) for lock in step.locks],
         [it.name.removeprefix("public.") for it in step.rewrites])
        for step in one.seen
    ]  # fmt: skip


def test_each_statement_is_told_with_what_it_locks_and_rewrites(site):
    site.write(V1__a="create table a (x int, y varchar(10)); create table b (id int primary key);"
               "insert into a select n, 'n' from generate_series(1, 999) n")  # fmt: skip
    site.migrate()
    site.write(
        V2__first="alter table a add z uuid default gen_random_uuid(); alter table a alter y type varchar(20);"
                  "create table c (x int); alter table c add y int; update a set x = x + 1",
        V3__index="create index concurrently a_x on a (x)",
        V4__key="create index a_z on a (z); alter table a add foreign key (x) references b not valid",
        V5__text="alter table a alter y type text using y || ''",
    )  # fmt: skip
    found = tried(site)
    exclusive = ("a", "AccessExclusive")
    assert seen(found) == [
        ([exclusive], ["a"]),
        ([], []),  # it is locked already; a longer varchar rewrites nothing
        ([], []), ([], []),  # what the file itself made
        ([], []),  # what is locked against all is locked against writers
        ([], []),  # it runs outside of a transaction
        ([("a", "Share")], []),
        ([("a", "ShareRowExclusive"), ("b", "ShareRowExclusive")], []),
        ([exclusive], ["a"]),
    ]  # fmt: skip
    assert [step.rows for step in found.seen][4] == 999
    assert "others go on" in found.seen[5].predicted
    assert found.sizes["public.a"] > 8192
    first = next(one for one in found.waits() if one.file == "db/V2__first.sql")
    assert first.ms == pytest.approx(sum(step.ms for step in found.seen[:5]))  # until its file is committed
    assert Rehearsal.from_data(json.loads(json.dumps(found.to_data()))) == found


def test_a_lock_counts_to_the_end_of_its_file(site):
    """The ALTER TABLE takes no time; what comes behind it in the file does, and everybody waits for that."""
    site.write(V1__a="create table a (x int)")
    site.migrate()
    site.settings["lock_timeout"] = 0.1
    site.write(V2__long="alter table a add y int;\nselect pg_sleep(0.3)")
    found = tried(site)
    assert found.verdict is Verdict.SLOW
    assert found.why.startswith("nobody reads or writes public.a for ")
    assert found.seen[0].ms < found.slow[0].ms
    assert found.slow[0].ms > 300


def test_queries_of_the_release_that_runs_are_held_against_the_new_schema(site):
    site.settings["schema"] = "public"
    site.write(V1__a="create schema app; create table app.a (x int, y int); create table app.b (x int)")
    site.migrate()
    site.ask(f"alter database {site.name} set search_path = app")
    site.write(V2__b="alter table app.a rename y to z; alter table app.b add must int not null;"
               "alter table app.b alter x type text")  # fmt: skip
    good = ("select x from a where x = $1", "insert into a (x) values ($1)", "select nonsense from nowhere")
    bad = {
        "select y from a": 'column "y" does not exist',
        "insert into b (x) values ($1)": 'column "must" of "b" must be filled, and it does not',
        "select x + 1 from b": "operator does not exist: text + integer",
    }
    found = tried(site, *good, *bad)
    assert found.tried == 5  # the one from nowhere went wrong before, too
    assert {one.query: one.why for one in found.broken} == bad
    assert found.verdict is Verdict.BREAKS
    assert 'a query of the release that runs breaks: column "y" does not exist' in found.why


def test_a_migration_that_fails_is_said_with_its_place(site):
    site.write(V1__a="create table a (x int); insert into a values (null)")
    site.migrate()
    site.write(V2__b="alter table a add y int;\nalter table a alter x set not null")
    found = tried(site, "select 1")
    assert found.verdict is Verdict.FAILS
    assert found.why == 'db/V2__b.sql:2:1: column "x" of relation "a" contains null values'
    assert len(found.seen) == 1


@pytest.mark.parametrize("text", ["create extension nobody_has_it", "create table t () tablespace fast"])
def test_what_only_the_copy_lacks_is_no_failure_of_the_files(site, text):
    site.write(V1__a=text)
    with pytest.raises(Lacking, match=r"the copy lacks what the live server may have: db/V1__a\.sql:1:1: "):
        tried(site)


def test_on_a_copy_of_what_is_there(site):
    site.write(V1__a="create table a (x int); insert into a select generate_series(1, 1000)")
    site.migrate()
    site.write(V2__b="alter table a add y uuid default gen_random_uuid()")
    before = site.rows(), site.ask("select pg_relation_filenode('a')")
    with live(site) as server:
        asking = queries_of(server, site.name)
    assert "pg_stat_statements is not there" in asking.why
    with copy_of(site) as copy:
        found = rehearsed(copy, Asked(), asking)
    assert (found.base, found.source, seen(found)) == (
        "1",
        "the database as it is",
        [([("a", "AccessExclusive")], ["a"])],
    )
    assert (site.rows(), site.ask("select pg_relation_filenode('a')")) == before
    files = read_files(site.database.folder)
    pending = files.versioned[1:]
    assert rehearsal_of("db.shop", prints(pending), [found]) == found
    assert rehearsal_of("db.shop", prints(files.versioned), [found]) is None
    site.write(V2__b="alter table a add y uuid")
    assert rehearsal_of("db.shop", prints(read_files(site.database.folder).versioned[1:]), [found]) is None


def test_the_queries_are_those_that_were_called():
    with server_of_a_moment(shared_preload_libraries="pg_stat_statements") as server:
        with server.session("postgres") as connection:
            connection.execute("create schema s; create extension pg_stat_statements schema s; create table a (x int)")
            for number in range(3):
                connection.execute(f"select x from a where x = {number}")
            connection.execute("insert into a values (7)")
            connection.execute("create role app; grant select on a to app; set role app")
            connection.execute("select count(*) from a")
            connection.execute("reset role")
        found = queries_of(server, "postgres")
        asked = {one.text: (one.role, one.calls) for one in found.queries}
        assert found.why == ""
        assert asked["select x from a where x = $1"] == ("postgres", 3)
        assert asked["select count(*) from a"] == ("app", 1)
        assert "insert into a values ($1)" in asked
        assert not [text for text in asked if text.startswith(("create", "grant", "set", "vacuum"))]


def test_what_another_tool_holds_is_seen_from_outside(site):
    """Its statements are its own: its sessions are looked at, until each transaction ends."""
    site.write(V1__a="create table a (x int); insert into a select generate_series(1, 999); create table b (x int)")
    site.migrate()
    with site.connect() as looking, site.connect() as working:
        sampled = Sampled(looking)
        with sampled.watching():
            working.execute("begin; alter table a alter x type bigint")
            working.execute("select pg_sleep(0.2)")
            working.execute("commit")
        whole, *held = sampled.seen("a-migrator", "alembic upgrade head", 0.5)
    assert [one.name for one in whole.rewrites] == ["public.a"] and whole.ms == 500
    assert ("public.a", "AccessExclusiveLock") in [(lock.table, lock.mode) for one in held for lock in one.locks]
    assert not [lock for one in held for lock in one.locks if lock.table == "public.b"]
    longest = max(held, key=lambda one: one.ms)
    assert longest.ms > 150 and len({one.transaction for one in held}) == len(held)
    assert sampled.sizes()["public.a"] > 8192


def test_who_can_look_no_more_says_so(site):
    with site.connect() as looking, site.connect() as working:
        with pytest.raises(FairleadError, match="could not be looked at"), Sampled(looking).watching():
            working.execute("select pg_terminate_backend(%s)", (looking.info.backend_pid,))
            working.execute("select pg_sleep(0.2)")
