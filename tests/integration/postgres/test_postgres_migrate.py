"""Files run on a real PostgreSQL: what is there afterwards, and what the history says."""

import subprocess

import pytest
from postgres_site import Site
from tests.postgres_server import PHRASE

from fairlead.errors import ConfigurationError, FairleadError, Refused
from fairlead.operations.db.migrate import migrate

pytestmark = pytest.mark.real


def test_what_is_pending_runs_in_the_order_of_versions(site):
    site.write(
        V10__last="insert into a values (10)",
        V1__first="create table a (x int)",
        V1_9__then="insert into a values (9);\n-- and\ninsert into a values (91)",
        R__views="create or replace view v as select * from a",
    )
    assert site.migrate() == ["", "V1__first.sql", "V1_9__then.sql", "V10__last.sql", "R__views.sql"][1:]
    assert site.ask("select x from v") == [(9,), (91,), (10,)]
    assert site.rows() == [
        (1, "1", "SQL", "V1__first.sql", True),
        (2, "1.9", "SQL", "V1_9__then.sql", True),
        (3, "10", "SQL", "V10__last.sql", True),
        (4, None, "SQL", "R__views.sql", True),
    ]
    assert site.migrate() == []


def test_the_table_of_the_history_is_as_flyway_makes_it(site):
    site.write(V1__a="create table a()")
    site.migrate()
    columns = site.ask(
        "select column_name, data_type, character_maximum_length, is_nullable, column_default"
        " from information_schema.columns where table_name = 'flyway_schema_history' order by ordinal_position"
    )
    assert columns == [
        ("installed_rank", "integer", None, "NO", None),
        ("version", "character varying", 50, "YES", None),
        ("description", "character varying", 200, "NO", None),
        ("type", "character varying", 20, "NO", None),
        ("script", "character varying", 1000, "NO", None),
        ("checksum", "integer", None, "YES", None),
        ("installed_by", "character varying", 100, "NO", None),
        ("installed_on", "timestamp without time zone", None, "NO", "now()"),
        ("execution_time", "integer", None, "NO", None),
        ("success", "boolean", None, "NO", None),
    ]
    assert site.ask("select indexdef from pg_indexes where tablename = 'flyway_schema_history' order by 1") == [
        ("CREATE INDEX flyway_schema_history_s_idx ON public.flyway_schema_history USING btree (success)",),
        ("CREATE UNIQUE INDEX flyway_schema_history_pk ON public.flyway_schema_history USING btree (installed_rank)",),
    ]


def test_a_file_that_fails_leaves_nothing_and_what_ran_before_stays(site):
    site.write(V1__a="create table a (x int)", V2__b="create table b ();\n\nselect  nonsense from a")
    with pytest.raises(FairleadError, match=r'^db/V2__b.sql:3:9: column "nonsense" does not exist$'):
        site.migrate()
    assert site.tables() == ["a"]
    assert [row[1] for row in site.rows()] == ["1"]
    site.write(V2__b="create table b ()")
    assert site.migrate() == ["V2__b.sql"]


def test_everything_that_sql_may_hold_reaches_the_server(site):
    site.write(
        V1__all="""\
/* a comment; /* and one in it; */ */
create table a (x text, y text default E'it\\'s; so');  -- ; not here
insert into a (x) values ('semi;colon'), ($$dollar;'$$), ($t$ $$ ; $t$);
create function f(i int) returns int language sql begin atomic
  select case when i > 0 then 1 else 2 end;
  select i;
end;
create rule r as on delete to a do also (select 1; select 2);
copy a (x, y) from stdin;
one\ttab;
\\\\N\tbackslash
\\.
do $$ begin perform f(1); end $$;
""",
    )
    assert site.migrate() == ["V1__all.sql"]
    assert site.ask("select x, y from a") == [
        ("semi;colon", "it's; so"), ("dollar;'", "it's; so"), (" $$ ; ", "it's; so"),
        ("one", "tab;"), ("\\N", "backslash"),
    ]  # fmt: skip
    assert site.ask("select f(7)") == [(7,)]


def test_a_dump_is_a_migration(site, postgres, need):
    """Its search_path is empty, and since 2025 it has lines for psql in it."""
    site.write(V1__a="create table a (x int); insert into a values (1)")
    site.migrate()
    argv = [need("pg_dump"), "-T", "flyway_*", site.url]
    dump = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    other = Site(postgres, postgres.new("dumped"), site.folder.parent / "other")
    other.write(V1__dump=dump, V2__more="insert into a values (2)")
    assert other.migrate() == ["V1__dump.sql", "V2__more.sql"]
    assert other.ask("select x from a order by 1") == [(1,), (2,)]


def test_what_one_file_sets_is_gone_in_the_next(site):
    site.write(
        V1__sets="create role other; grant all on schema public to other; set role other;"
        "set search_path = pg_catalog; set lock_timeout = 0; create table public.a ()",
        V2__looks="create table b as select current_user::text, current_setting('lock_timeout') as lock_timeout",
    )
    assert site.migrate() == ["V1__sets.sql", "V2__looks.sql"]
    assert site.ask("select * from b") == [("postgres", "100ms")]
    assert site.ask("select distinct installed_by from flyway_schema_history") == [("postgres",)]
    site.ask("drop owned by other cascade; drop role other")


def test_what_runs_again_does_so_when_its_text_or_a_placeholder_changes(site):
    site.more["placeholders"] = {"GREETING": "hello"}
    site.write(V1__a="create table a (x text)", R__b="insert into a values ('${greeting}, ${flyway:database}')")
    assert site.migrate() == ["V1__a.sql", "R__b.sql"]
    assert site.migrate() == []
    site.more["placeholders"] = {"GREETING": "good day"}
    assert site.migrate() == ["R__b.sql"]
    assert site.ask("select x from a") == [(f"hello, {site.name}",), (f"good day, {site.name}",)]
    assert site.states() == [("V1__a.sql", "applied"), ("R__b.sql", "superseded"), ("R__b.sql", "applied")]


def test_a_secret_cannot_stand_in_a_file_and_conf_turns_placeholders_off(site):
    site.more["secret"] = frozenset({"TOKEN"})
    site.write(V1__a="create table a (x text);\ninsert into a values ('${TOKEN}')")
    with pytest.raises(ConfigurationError, match=r"db/V1__a.sql:2:24: \$\{TOKEN\} is secret"):
        site.migrate()
    site.folder.joinpath("V1__a.sql.conf").write_text("placeholderReplacement=false\n")
    site.migrate()
    assert site.ask("select x from a") == [("${TOKEN}",)]


def test_callbacks_run_where_flyway_runs_them(site):
    names = ("beforeMigrate", "beforeEachMigrate", "afterEachMigrate", "afterVersioned", "beforeRepeatables",
             "afterMigrateApplied", "afterMigrate")  # fmt: skip
    said = {
        name: f"create table if not exists log (n serial, x text); insert into log(x) values ('{name}')"
        for name in names
    }
    site.write(**said, V1__a="insert into log(x) values ('V1')", R__b="insert into log(x) values ('R')")
    site.migrate()
    assert [x for (x,) in site.ask("select x from log order by n")] == [
        "beforeMigrate", "beforeEachMigrate", "V1", "afterEachMigrate", "afterVersioned", "beforeRepeatables",
        "beforeEachMigrate", "R", "afterEachMigrate", "afterMigrateApplied", "afterMigrate",
    ]  # fmt: skip
    assert site.migrate() == ["beforeMigrate.sql", "afterMigrate.sql"]
    site.write(V2__bad="insert into log(x) values ('V2'); select 1/0", afterMigrateError=said["afterMigrate"])
    with pytest.raises(FairleadError, match="division by zero"):
        site.migrate()
    assert [x for (x,) in site.ask("select x from log order by n desc limit 3")] == [
        "afterMigrate",
        "beforeMigrate",
        "afterMigrate",
    ]


def test_undo_takes_back_the_newest_version_and_it_is_pending_again(site):
    site.write(V1__a="create table a ()", U1__a="drop table a", V2__b="create table b ()", U2__b="drop table b")
    site.migrate()
    assert site.undo() == ["U2__b.sql"]
    assert site.tables() == ["a"]
    assert site.states() == [("V1__a.sql", "applied"), ("V2__b.sql", "undone"), ("V2__b.sql", "pending")]
    assert site.rows()[-1] == (3, "2", "DELETE", "U2__b.sql", True)  # what every edition of Flyway can read
    assert site.migrate() == ["V2__b.sql"]
    assert site.undo(to="0") == ["U2__b.sql", "U1__a.sql"]
    assert site.tables() == []
    assert site.migrate() == ["V1__a.sql", "V2__b.sql"]
    site.write(U2__b=None)
    with pytest.raises(Refused, match=r"V2__b.sql cannot be undone: there is no U2"):
        site.undo()


def test_a_changed_a_missing_and_a_late_file_keep_everything_from_running(site):
    site.write(V1__a="create table a ()", V3__c="-- note\ncreate table c ()")
    site.migrate()
    site.write(V4__d="create table d ()", V1__a="create table a (x int)")
    with pytest.raises(Refused, match=r"V1__a.sql was changed after it was applied"):
        site.migrate()
    site.write(V1__a="create table a ()", V2__late="create table late ()")
    with pytest.raises(Refused, match=r"V2__late.sql was not applied, and newer versions were"):
        site.migrate()
    site.write(V2__late=None, V1__a=None)
    with pytest.raises(Refused, match=r"V1__a.sql was applied and its file is gone"):
        site.migrate()
    site.write(V1__a="create table a ()", V3__c="-- notecreate table c ()")  # the same number for Flyway
    with pytest.raises(Refused, match="in a way that Flyway's checksum does not show"):
        site.migrate()
    site.write(V3__c="-- note\r\ncreate table c ()")
    assert site.migrate() == ["V4__d.sql"]


def test_files_of_the_contract_folder_wait_and_are_never_late(site):
    site.write(
        V1__a="create table a (x int)", **{"contract/V2__drop.sql": "drop table a", "V3__b": "create table b ()"}
    )
    assert site.migrate() == ["V1__a.sql", "V3__b.sql"]
    assert site.states()[-1] == ("contract/V2__drop.sql", "held")
    assert site.migrate(contract=True) == ["contract/V2__drop.sql"]
    assert site.tables() == ["b"]
    assert site.states()[-1] == ("contract/V2__drop.sql", "applied out of order")
    assert site.validate().ok


def test_a_baseline_file_stands_for_everything_before_it(site):
    site.write(V1__a="create table a ()", V2__b="create table b ()", B2__both="create table a (); create table b ()",
               V3__c="create table c ()")  # fmt: skip
    assert site.migrate() == ["B2__both.sql", "V3__c.sql"]
    assert [row[2] for row in site.rows()] == ["SQL_BASELINE", "SQL"]
    assert site.validate().ok


def test_two_databases_are_both_looked_at_before_one_is_touched(site, postgres):
    other = Site(postgres, postgres.new("second"), site.folder.parent / "other")
    site.write(V1__a="create table a ()")
    other.write(V1__b="create table b (); select '${nothing}'")
    with pytest.raises(ConfigurationError, match="has no value"):
        migrate([site.database, other.database])
    assert site.tables() == []
    other.write(V1__b="create table b ()", V2__bad="select 1/0")
    first, second = migrate([site.database, other.database])
    assert (first.done, first.version, first.error) == (("V1__a.sql",), "1", None)
    assert second.done == ("V1__b.sql",)
    assert "division by zero" in second.error.message
    assert other.tables() == ["b"]


def test_no_password_is_in_an_error(site):
    site.write(V1__a="create table a ()")
    site.url = site.url.replace(site.name, "nowhere_at_all")
    with pytest.raises(FairleadError, match='database "nowhere_at_all" does not exist') as caught:
        site.migrate()
    assert PHRASE not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("insert into people values (1, null)", 'null value in column "mail" of relation "people" violates'),
        ("insert into people select 1, mail from people", "duplicate key value violates unique constraint"),
        ("alter table people add check (id > 99)", 'check constraint "people_id_check"'),
        ("select mail::int from people", "invalid input syntax for type integer: …"),
    ],
)
def test_no_row_is_in_an_error(statement, said, site):
    """What is said is kept, in the ledger and in logs; PostgreSQL's own has all of it."""
    site.write(V1__a="create table people (id int primary key, mail text not null)")
    site.migrate()
    site.ask("insert into people values (1, 'ann@example.com') returning id")
    site.write(V2__b=statement)
    with pytest.raises(FairleadError) as caught:
        site.migrate()
    text = f"{caught.value.message} {caught.value.hint}"
    assert said in text
    assert "ann@" not in text and "(1," not in text
