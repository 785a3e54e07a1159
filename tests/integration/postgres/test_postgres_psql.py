"""Migrations as scripts for psql, on a real PostgreSQL: what they leave is what Fairlead leaves, and it goes on."""

import os
import subprocess
from dataclasses import replace

import pytest
from postgres_site import Site
from roles_site import RolesSite

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.postgres.files import read_files
from fairlead.postgres.lock import OURS as OURS_KEY
from fairlead.postgres.plan import statement_print
from fairlead.postgres.psql.script import scripts
from fairlead.postgres.psql.words import About
from fairlead.postgres.rows import flyway_lock
from fairlead.postgres.statements import split
from fairlead.project.stack import Store
from fairlead.project.stack_rights import RowSecurity
from fairlead.render.stores.postgres import role_passwords, settling
from fairlead.render.stores.rights import named_roles, rights_inside
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

HISTORY = (
    "select installed_rank, version, description, type, script, checksum, installed_by, success"
    " from flyway_schema_history order by 1"
)
OURS = "select installed_rank, statement, sha256, state from flyway_schema_history_fairlead order by 1, 2"


class Scripted(Site):
    """A site that a shell and psql move, as a container does that has nothing else."""

    late = False
    path = os.environ["PATH"]  #: where the shell finds its tools

    @property
    def about(self):
        return About(self.name, None, "flyway_schema_history", self.late, 0.1, 30.0)

    @property
    def psql_url(self):
        return self.url

    def render(self, where):
        files = read_files(self.database.folder, {"flyway:database": self.name})
        for path, text in scripts(files, self.about).items():
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            (where / path).write_text(text)

    def begin(self, **more):
        """The shell, started."""
        where = self.folder.parent / "psql"
        self.render(where)
        (where / "url").write_text(self.psql_url)
        env = {"PATH": self.path, "DATABASE_URL_FILE": str(where / "url")}
        argv = ["sh", str(where / "migrate.sh")]
        return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def shell(self):
        """What it said of each file, and what was wrong."""
        ran = self.begin()
        said, wrong = ran.communicate(timeout=300)
        assert (ran.returncode != 0) == ("ERROR" in wrong), wrong
        return said.split(), wrong


def left(site):
    """The history, and what is kept beside it."""
    return site.ask(HISTORY), site.ask(OURS)


def rewrite(site, **files):
    """These files and no others."""
    for path in site.folder.rglob("*.sql"):
        path.unlink()
    site.write(**files)


@pytest.fixture
def sites(postgres, tmp_path, request, need):
    """Two databases with the same files: one that psql moves, one that Fairlead moves."""
    need("psql")
    made = len(postgres.names)
    yield tuple(kind(postgres, postgres.new(request.node.name), tmp_path / "db") for kind in (Scripted, Site))
    postgres.drop_since(made)


FILES = {
    "V1__first": "create table called (n int);\ncreate table a (x int, y int[]);\n\ninsert into a values (1, '{1,2}');",
    "V1_10__then": "-- :x\ninsert into a select 10, y[1:x] from a where x = 1;\nselect ';' || $$:'x'$$, 'a:b';",
    "V1_9__rows": "copy a (x) from stdin;\n7\n8\n\\.\ninsert into a values (9);",
    "V3__apart": "insert into a values (3);\ncreate index concurrently a_x on a (x);\nvacuum a;",
    "V4__it's": "create function f() returns int language sql begin atomic select 1; select 2; end",
    "R__views": "create or replace view v as select * from a -- ${flyway:database}",
    "beforeEachMigrate": "set application_name = 'each'",
    "afterMigrateApplied": "insert into called values (1)",
}


def test_it_leaves_what_fairlead_leaves_and_either_goes_on(sites):
    ours, other = sites
    ours.write(**FILES)
    for one in sites:
        one.more["placeholders"] = {"flyway:database": ours.name}
    order = ["V1__first.sql", "V1_9__rows.sql", "V1_10__then.sql", "V3__apart.sql", "V4__it's.sql", "R__views.sql"]
    assert ours.shell() == (order, "")
    other.migrate()
    assert left(ours) == left(other)
    assert ours.ask("select count(*), sum(x) from v") == other.ask("select count(*), sum(x) from v") == [(6, 38)]
    assert ours.shell() == ([], "")
    assert ours.ask("select count(*) from called") == [(1,)]
    assert ours.validate().ok and ours.plan().plan.files() == ()
    assert ours.states() == other.states()

    ours.write(V5__more="create table b ()", U5__more="drop table b", R__views=FILES["R__views"] + "\n-- again")
    assert ours.shell() == (["V5__more.sql", "R__views.sql"], "")
    assert ours.validate().ok
    ours.undo()
    assert ours.shell() == (["V5__more.sql"], "")
    other.migrate()
    assert ours.migrate() == [] and ours.validate().ok
    other.undo()
    other.migrate()
    assert left(ours)[0] == left(other)[0]


def test_a_file_that_fails_leaves_nothing_and_its_line_is_named(sites, tools):
    ours, _ = sites
    ours.path = tools("psql")
    ours.write(V1__a="create table a (x int)", V2__b="create table b ();\n\nselect  nonsense from a", V3__c="select 1")
    ours.write(afterMigrateError="create table failed ()")
    said, wrong = ours.shell()
    assert said == ["V1__a.sql", "V2__b.sql"]
    assert "files/V2__b.sql:3: ERROR:  42703" in wrong
    assert ours.tables() == ["a", "failed"]
    ours.write(V2__b="create table b ()")
    assert ours.shell() == (["V2__b.sql", "V3__c.sql"], "")


RIGHT = {"V1__a": "create table a (x int)", "V2__b": "-- note\nselect 1"}
REFUSED = {
    "V1__a.sql was changed after it was applied (checksum ": {"V1__a": "create table a (z int)"},
    "V2__b.sql was changed after it was applied, in a way that Flyway's": {"V2__b": "-- noteselect 1"},
    "V1__a.sql was applied and its file is gone": {"V1__a": None},
    "V1_5__late.sql was not applied, and newer versions were": {"V1_5__late": "select 1"},
    'V1__z.sql was applied as "a" and is now "z"': {"V1__a": None, "V1__z": RIGHT["V1__a"]},
    "db/V3__c.sql:1:1: BEGIN has no place in a migration": {"V3__c": "begin; select 1"},
}


def test_what_does_not_agree_is_refused_before_anything_is_touched(sites):
    ours, _ = sites
    ours.write(**RIGHT)
    assert ours.shell() == (["V1__a.sql", "V2__b.sql"], "")
    before = left(ours)
    for text, files in REFUSED.items():
        rewrite(ours, **{name: one for name, one in (RIGHT | files).items() if one is not None})
        said, wrong = ours.shell()
        assert text in wrong
        assert left(ours) == before and said == (["V3__c.sql"] if "V3__c" in files else [])
    rewrite(ours, **RIGHT, V1_5__late="create table late ()")
    ours.late = True
    assert ours.shell() == (["V1_5__late.sql"], "")


def test_what_others_began_is_not_taken_over_unseen(sites):
    ours, _ = sites
    ours.write(V1__a="create table b ()", V2__b="create table c ()", B2__all="create table b (); create table c ()")
    ours.ask("create table a ()")
    assert "has tables and views, and no history; say once which version they are" in ours.shell()[1]
    ours.ask("drop table a")
    assert ours.shell() == (["B2__all.sql"], "") and ours.validate().ok
    ours.ask("drop table flyway_schema_history_fairlead")
    assert "was made by Flyway; look at it and take it over once" in ours.shell()[1]


TWICE = "create table b (x int); insert into b values (1), (1)"
APART = "create table a ();\ncreate unique index concurrently b_x on b (x);\ncreate table c ()"


@pytest.mark.parametrize("first", ["psql", "fairlead"])
def test_statements_without_a_transaction_go_on_where_they_ended(sites, first):
    ours, _ = sites
    ours.write(V1__a=TWICE, V2__i=APART)
    if first == "psql":
        wrong = ours.shell()[1]
        assert "23505" in wrong and "db/V2__i.sql:2:1 failed" in wrong
    else:
        with pytest.raises(FairleadError, match="could not create unique index"):
            ours.migrate()
    assert ours.rows()[1][4] is False and ours.tables() == ["a", "b"]
    assert ours.ask("select count(*) from pg_index where not indisvalid") == [(0,)]
    ours.ask("delete from b where ctid <> (select min(ctid) from b)")
    if first == "psql":
        assert ours.migrate() == ["V2__i.sql"]
    else:
        assert ours.shell() == (["V2__i.sql"], "")
    assert ours.tables() == ["a", "b", "c"] and ours.validate().ok


def test_what_a_crash_leaves_begun_is_looked_up_or_asked(sites):
    """As the journal is when psql is killed within a statement: it ran, or nobody knows."""
    ours, _ = sites
    ours.write(V1__a="create table b (x int)", V2__i=APART)
    assert ours.shell()[1] == ""
    done = left(ours)
    ours.ask("update flyway_schema_history set success = false where version = '2'")
    prints = [statement_print(one) for one in split(APART)]
    ours.ask("update flyway_schema_history_fairlead set state = 'journal' where installed_rank = 2")
    for number, state in ((1, "done"), (2, "begun"), (3, "done")):
        note = "insert into flyway_schema_history_fairlead values (2, %s, %s, %s)"
        ours.ask(note, number, prints[number - 1], state)
    assert ours.shell() == (["V2__i.sql"], "") and left(ours) == done
    ours.write(V3__call="create procedure p() language sql as 'select 1';\ncall p()")
    assert ours.shell()[1] == ""
    call = statement_print(split("call p()")[0])
    ours.ask("update flyway_schema_history set success = false where version = '3'")
    ours.ask("update flyway_schema_history_fairlead set state = 'journal' where installed_rank = 3")
    ours.ask("insert into flyway_schema_history_fairlead values (3, 2, %s, 'begun')", call)
    made = statement_print(split("create procedure p() language sql as 'select 1'")[0])
    ours.ask("insert into flyway_schema_history_fairlead values (3, 1, %s, 'done')", made)
    assert "db/V3__call.sql:2:1: it was begun before a crash, and nobody knows" in ours.shell()[1]


PSQL = "select pid from pg_stat_activity where application_name = 'fairlead migrate' and datname = current_database()"


@pytest.mark.parametrize(("key", "tools"), [("ours", "busybox's"), ("flyway", "the machine's")], indirect=["tools"])
def test_one_at_a_time_and_a_lock_that_is_not_to_be_had_is_tried_again(sites, key, tools):
    ours, _ = sites
    ours.path = tools("psql")
    ours.write(V1__a="create table a (x int)")
    assert ours.shell()[1] == ""
    ours.write(V2__b="alter table a add y int")
    number = OURS_KEY if key == "ours" else flyway_lock("public", "flyway_schema_history")
    with ours.connect() as holder, ours.connect() as watcher:
        holder.execute("select pg_advisory_lock(%s)", (number,))
        ran = ours.begin()
        assert wait_until(lambda: watcher.execute(PSQL).fetchone(), 30)
        first = watcher.execute(PSQL).fetchone()
        assert len(ours.rows()) == 1
        holder.execute("begin; lock table a in access share mode")
        holder.execute("select pg_advisory_unlock(%s)", (number,))
        assert wait_until(lambda: watcher.execute(PSQL).fetchone() not in (None, first), 30)
        holder.execute("rollback")
        _, wrong = ran.communicate(timeout=300)
    assert ran.returncode == 0 and "55P03" in wrong
    assert len(ours.rows()) == 2


TABLES = """
CREATE TABLE orders (id serial PRIMARY KEY, owner_id int);
CREATE TABLE notes (text text);
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM notes;
INSERT INTO orders (owner_id) VALUES (1), (1), (2);
"""


class Shared(RolesSite, Scripted):
    """One that names who uses it, with the roles that the container of a rendered store makes by itself."""

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.passwords = {"web": Secret("w-1"), "reports": Secret("r-1")}

    @property
    def about(self):
        return About(self.name, None, "flyway_schema_history", rights=self.rights)

    @property
    def psql_url(self):
        return self.url.replace("//postgres:", f"//{self.roles.migrator}:")

    def found(self):
        """What its start makes: the database is there already, so the new owner is all that differs."""
        store = Store("db", "postgres", databases=(self.name,), rights=(self.rights,))
        text = settling(store, lambda one: named_roles(store, one), lambda one: rights_inside(store, one))
        words = [word for name in role_passwords(store) for word in ("-v", f"{name}=x")]
        argv = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *words, "-d", self.server.url()]
        subprocess.run(argv, input=text, text=True, check=True)
        self.ask(f'alter database {self.name} owner to "{self.roles.owner}"')


def test_policies_come_before_rights_and_are_those_that_fairlead_makes(postgres, tmp_path, request, need):
    need("psql")
    made = len(postgres.names)
    shop = Shared(postgres, postgres.new(request.node.name), tmp_path / "db")
    shop.found()
    shop.write(V1__tables=TABLES)
    assert shop.shell() == (["V1__tables.sql"], "")
    with shop.as_("web") as connection:
        connection.execute("select set_config('app.user', '1', false)")
        assert connection.execute("select count(*) from orders").fetchone() == (2,)
        connection.execute("insert into orders (owner_id) values (1); insert into notes values ('a')")
    forbidden = ["insert into orders (owner_id) values (2)", "select * from flyway_schema_history", "create table x ()"]
    assert [shop.refused("web", one) for one in forbidden] == ["42501"] * 3
    assert shop.refused("reports", "insert into notes values ('b')") == "42501"
    policies = "select oid, polname from pg_policy"
    first = shop.ask(policies)
    assert shop.shell() == ([], "") and shop.ask(policies) == first
    assert not [what for what in shop.left() if "orders" in what or "notes" in what or "counted" in what]

    shop.rights = replace(shop.rights, rows=(RowSecurity("orders", "owner_id = 2", ("reports",)),))
    shop.ask("create policy other on orders using (true)")
    assert shop.shell() == ([], "")
    assert shop.ask("select polname, pg_get_expr(polqual, polrelid) from pg_policy") == [("fairlead", "(owner_id = 2)")]
    assert not [what for what in shop.left() if "orders" in what]
    postgres.drop_since(made)
