"""What PostgreSQL runs outside of transactions only: alone, journalled, mended when it failed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.errors import ConfigurationError, FairleadError, Interrupted, Refused
from fairlead.operations.db.mend import plan_of_repair, repair, settle
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

ROWS = "create table a (x int); insert into a values (1), (1), (2)"


def test_a_file_with_such_a_statement_runs_statement_by_statement(site):
    site.write(V1__a=ROWS, V2__b="insert into a values (3);\ncreate index concurrently a_x on a (x);\nvacuum a;")
    assert site.migrate() == ["V1__a.sql", "V2__b.sql"]
    assert site.status().invalid == ()
    assert site.ask("select state from flyway_schema_history_fairlead order by installed_rank") == [
        ("file",),
        ("file",),
    ]


def test_a_failed_one_leaves_no_invalid_index_and_goes_on_where_it_was(site):
    """A unique index on rows that are not unique; while it is INVALID it would still refuse rows."""
    site.write(V1__a=ROWS, V2__b="insert into a values (3);\ncreate unique index concurrently a_x on a (x)")
    with pytest.raises(FairleadError, match=r'db/V2__b.sql:2:1: could not create unique index "a_x"'):
        site.migrate()
    assert site.status().invalid == ()
    assert site.rows()[-1] == (2, "2", "SQL", "V2__b.sql", False)
    assert "V2__b.sql failed and was not finished" in site.status().picture.mistakes[0].message
    with pytest.raises(FairleadError, match="could not create unique index"):
        site.migrate()
    assert site.ask("select count(*) from a where x = 3") == [(1,)]  # not run twice
    site.ask("delete from a where ctid = (select min(ctid) from a where x = 1)")
    assert site.migrate() == ["V2__b.sql"]
    assert site.rows()[-1] == (2, "2", "SQL", "V2__b.sql", True)
    assert site.ask("select count(*) from a where x = 3") == [(1,)]


def test_the_failed_statement_may_be_corrected_but_not_those_before_it(site):
    site.write(V1__a=ROWS, V2__b="insert into a values (3);\ncreate unique index concurrently a_x on a (x)")
    with pytest.raises(FairleadError, match="could not create"):
        site.migrate()
    site.write(V2__b="insert into a values (4);\ncreate index concurrently a_x on a (x)")
    with pytest.raises(Refused, match=r"V2__b.sql failed and was not finished"):
        site.migrate()
    site.write(V2__b="insert into a values (3);\ncreate index concurrently a_x on a (x)")
    assert site.migrate() == ["V2__b.sql"]
    assert site.validate().ok


def test_if_not_exists_does_not_keep_an_invalid_index(site):
    """Of somebody else's failed attempt: PostgreSQL would keep it and report success."""
    site.write(V1__a=ROWS)
    site.migrate()
    with pytest.raises(Exception, match="could not create unique index"):
        site.ask("create unique index concurrently a_x on a (x)")
    assert site.status().invalid == ("public.a_x on a",)
    site.write(V2__b="create index concurrently if not exists a_x on a (x)")
    said = []
    assert site.migrate(said.append) == ["V2__b.sql"]
    assert any("took away the INVALID index public.a_x" in event.text for event in said)
    assert site.status().invalid == ()
    assert site.ask("select indisunique from pg_index where indexrelid = 'a_x'::regclass") == [(False,)]


def test_it_waits_for_old_snapshots_beyond_lock_timeout(site):
    """With lock_timeout in force it would be cut off and leave an INVALID index."""
    site.write(V1__a=ROWS)
    site.migrate()
    site.write(V2__b="create index concurrently a_x on a (x)")
    with site.connect() as old, ThreadPoolExecutor() as pool:
        old.execute("begin isolation level repeatable read; insert into a values (5)")
        moving = pool.submit(site.migrate)
        waiting = "select 1 from pg_stat_activity where query like 'create index conc%%' and wait_event_type = 'Lock'"
        assert wait_until(lambda: site.ask(waiting), 240)
        assert not wait_until(moving.done, 4 * site.settings["lock_timeout"])
        old.execute("commit")
        assert moving.result(60) == ["V2__b.sql"]
    assert site.status().invalid == ()


@pytest.mark.parametrize(
    "text", ["drop index concurrently a_x", "reindex index concurrently a_x", "alter type e add value 'z'"]
)
def test_others_like_it(site, text):
    site.write(V1__a=f"{ROWS}; create index a_x on a (x); create type e as enum ('y')", V2__b=text)
    assert site.migrate() == ["V1__a.sql", "V2__b.sql"]


def test_what_cannot_be_run_is_named_before_anything_is(site):
    site.write(
        V1__a="create table a (x int);\ncreate index concurrently on a (x);\n  commit;\nselect 1",
        V2__b="vacuum",
        **{"V2__b.sql.conf": "executeInTransaction=true"},
    )
    with pytest.raises(ConfigurationError) as caught:
        site.migrate()
    assert [str(one).split(":", 3)[:3] for one in caught.value.findings] == [
        ["db/V1__a.sql", "2", "1"], ["db/V1__a.sql", "3", "3"], ["db/V2__b.sql", "1", "1"],
    ]  # fmt: skip
    assert site.tables() == []


def test_a_conf_file_asks_for_no_transaction(site):
    site.write(V1__a="create table a ();\nselect 1/0", **{"V1__a.sql.conf": "executeInTransaction=false\n"})
    with pytest.raises(FairleadError, match=r"V1__a.sql:2:1: division by zero"):
        site.migrate()
    assert site.tables() == ["a"]
    site.write(V1__a="create table a ();\nselect 1/1")
    assert site.migrate() == ["V1__a.sql"]


def test_a_person_says_what_nobody_can_know(site):
    """A procedure that was begun before a crash may have committed, or not."""
    site.write(V1__a=f"{ROWS}; create procedure p() language sql as 'insert into a values (9)'", V2__b="call p()")

    def die(event):
        if event.kind == "statement" and event.text.startswith("call"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        site.migrate(die)
    with pytest.raises(FairleadError, match=r"V2__b.sql:1:1: it was begun before a crash, and nobody knows"):
        site.migrate()
    assert settle([site.database], "not-done") == ("V2__b.sql",)
    assert site.migrate() == ["V2__b.sql"]
    assert site.ask("select count(*) from a where x = 9") == [(1,)]


def test_repair_gives_up_what_failed(site):
    site.write(V1__a=ROWS, V2__b="create unique index concurrently a_x on a (x)")
    with pytest.raises(FairleadError, match="could not create"):
        site.migrate()
    (planned,) = plan_of_repair([site.database])
    assert [(step.act, step.script) for step in planned.plan.steps] == [("remove", "V2__b.sql")]
    repair([site.database])
    assert [row[1] for row in site.rows()] == ["1"]
    site.write(V2__b="create index concurrently a_x on a (x)")
    assert site.migrate() == ["V2__b.sql"]
