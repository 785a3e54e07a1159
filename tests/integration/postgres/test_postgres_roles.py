"""Roles of a database on a real server: made, kept, mended, and what each may do."""

import subprocess
from dataclasses import replace

import psycopg
import pytest
from roles_site import OWN, TABLES, RolesSite
from tests.newer import postgres_17
from tests.postgres_server import server

from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.postgres.connection import address
from fairlead.postgres.isolation.probe import swept
from fairlead.postgres.roles import reconcile
from fairlead.postgres.roles.logins import Logins
from fairlead.project.database_roles import turned
from fairlead.project.stack import Store
from fairlead.project.stack_rights import RowSecurity, User
from fairlead.render.scram import matches
from fairlead.render.stores.rights import rights_inside
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def shop(postgres, tmp_path, request):
    made = len(postgres.names)
    one = RolesSite(postgres, postgres.new(request.node.name), tmp_path / "db")
    one.reconcile()
    with one.as_("migrator") as connection:
        connection.execute(TABLES)
    one.reconcile()
    yield one
    postgres.drop_since(made)


def test_each_role_can_do_what_it_needs_and_no_more(shop):
    assert shop.left() == []
    assert shop.ask("select distinct tableowner from pg_tables where schemaname = 'public'") == [(shop.roles.owner,)]
    with shop.as_("web") as connection:
        connection.execute("insert into notes values ('a')")
        connection.execute("select set_config('app.user', '1', false)")
        assert connection.execute("select count(*) from orders").fetchone() == (2,)
        connection.execute("insert into orders (owner_id) values (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into orders (owner_id) values (2)")
        assert connection.execute("show statement_timeout").fetchone() == ("1min",)
    with shop.as_("reports") as connection:
        assert connection.execute("select * from notes").fetchall() == [("a",)]
        assert connection.execute("show statement_timeout").fetchone() == ("5s",)
    assert shop.refused("reports", "insert into notes values ('b')") == "42501"
    forbidden = (
        "create table x ()",
        "create temp table x ()",
        "truncate notes",
        "drop table notes",
        "select lo_create(0)",
    )
    for sql in (*forbidden, "select * from flyway_schema_history", f"set role {shop.roles.owner}"):
        assert shop.refused("web", sql) == "42501", sql
    report, breaches = shop.isolation()
    assert breaches == []
    assert report.tried > 80


def test_a_table_that_somebody_else_made_has_its_rights_in_the_end(shop):
    shop.ask("create table late (id serial); create view seen as select * from late")
    assert shop.refused("web", "select * from late") == "42501"
    assert any("late" in what for what in shop.left())
    shop.reconcile()
    assert shop.refused("web", "insert into late default values") is None
    assert shop.left() == []


BREACHES = [
    ("grant connect on database {db} to public", "PUBLIC has no CONNECT"),
    ("grant select on all tables in schema public to {db}_other", "has rights on public.notes"),
    ("alter role {web} bypassrls", "has BYPASSRLS"),
    ("alter table orders disable row level security", "see rows of public.orders"),
]
MORE = [
    ("drop policy fairlead on orders; create policy open on orders using (true)", "see rows of public.orders"),
    ("alter policy fairlead on orders using (true)", "see rows of public.orders"),
    ("grant truncate on notes to {db}_rw", "can empty public.notes"),
    ("grant {db}_owner to {web}", "can be the owner"),
    ("grant pg_read_server_files to {web}", "is one of pg_read_server_files"),
    ("create view leak as select * from orders; alter view leak owner to {db}_owner", "public.orders: give it"),
    ("revoke select on notes from {db}_ro", "cannot read public.notes"),
    ("alter role {web} nologin", "cannot log in"),
    ("alter default privileges for role {db}_owner grant execute on functions to public", "new functions give"),
    ("grant update (owner_id) on orders to public", "has no UPDATE (owner_id)"),
    ("drop owned by {db}_rw; drop role {db}_rw", "is one of"),
]


@pytest.mark.parametrize("each", [BREACHES, *(pytest.param([one], marks=pytest.mark.long(seconds=3)) for one in MORE)])
def test_whatever_breaks_isolation_turns_it_red_and_is_mended(shop, each):
    shop.ask(f"create role {shop.name}_other")
    for break_it, found in each:
        broken_and_mended(shop, break_it, found)


def broken_and_mended(shop, break_it, found):
    shop.ask(break_it.format(db=shop.name, web=shop.role("web")))
    report, breaches = shop.isolation()
    assert not report.ok
    assert any(found in f"{what}" for _, what in breaches), breaches
    shop.reconcile()
    if "view" not in break_it:
        assert shop.isolation()[1] == []
    assert shop.left() == []


def test_a_table_without_rows_is_a_breach_where_they_are_required(shop):
    note = "public.notes has no row-level security: whoever uses the database sees all of it"
    report, breaches = shop.isolation()
    assert (breaches, note in report.notes) == ([], True)
    shop.rights = replace(shop.rights, every=True)
    report, breaches = shop.isolation()
    assert breaches == [("public.notes", "has no row-level security, and `rls_required` asks for it")]
    assert swept("db.shop", shop.where, shop.wanted).breaches == report.breaches


@pytest.mark.long(seconds=12)
def test_a_whole_transaction_is_bounded_where_the_server_can(shop, postgres, tmp_path):
    limited = User("web", "rw", 20, transaction_timeout=0.3)
    note = "transaction_timeout is declared and not in force: only PostgreSQL 17 and newer have it"
    with postgres_17() as bin, server(bin=bin) as newer:
        new = RolesSite(newer, newer.new("bounded"), tmp_path / "newer")
        for one, at, known in ((shop, postgres, False), (new, newer, True)):
            one.rights = replace(one.rights, users=(limited, one.rights.users[1]))
            one.reconcile()
            assert one.left() == []
            told = "\n".join(rights_inside(Store("db", "postgres", rights=(one.rights,)), one.name))
            (tmp_path / "rights.sql").write_text(told)
            words = ("-v", "ON_ERROR_STOP=1", "-f", str(tmp_path / "rights.sql"), at.url(one.name))
            subprocess.run([at.bin / "psql", "-Xq", *words], check=True)
            assert (note in swept("db.shop", one.where, one.wanted).notes) is not known
        with new.as_("web") as connection, pytest.raises(psycopg.errors.TransactionTimeout):
            connection.execute("begin; select pg_sleep(60)")


def test_whatever_a_column_or_a_setting_is_called(shop):
    owner, web = shop.roles.owner, shop.role("web")
    column = 'x) on notes from public; create table taken (y int); --"'
    quoted = '"' + column.replace('"', '""') + '"'
    shop.ask(f'create table odd ("ownerId" int, {quoted} int); alter table odd owner to {owner}')
    shop.ask(f'grant select ("ownerId"), update ({quoted}) on odd to public; create sequence "it\'s"')
    shop.ask(f"alter role {web} in database {shop.name} set \"TimeZone\" = 'UTC'")
    shop.ask(f"alter role {web} in database {shop.name} set \"app.user\" = '1'")
    shop.reconcile()
    assert shop.left() == []
    assert shop.ask("select to_regclass('taken')::text") == [(None,)]
    given = "select count(*) from pg_attribute where attrelid = 'odd'::regclass and attacl <> '{}'"
    assert shop.ask(given) == [(0,)]
    assert shop.isolation()[1] == []


def test_two_databases_of_a_server_are_closed_to_each_other(shop, postgres, tmp_path):
    other = RolesSite(postgres, postgres.new("second"), tmp_path / "second", rows=())
    other.reconcile()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(other.url, user=shop.role("web"), password="x")
    assert other.isolation()[1] == []
    shop.ask(f"grant connect on database {other.name} to {shop.role('web')}")
    assert (shop.role("web"), f"comes into the database {other.name}") in shop.isolation()[1]


def test_rows_that_are_declared_otherwise_are_guarded_otherwise(shop):
    shop.rights = shop.rights.__class__(shop.name, shop.rights.users,
                                        (RowSecurity("orders", "true", ("reports",)),), ())  # fmt: skip
    assert any("policy" in what for what in shop.left())
    shop.reconcile()
    with shop.as_("reports") as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (3,)
    with shop.as_("web") as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)


def test_claims_of_supabase_say_whose_rows_they_are(postgres, tmp_path, request):
    rows = (RowSecurity("profiles", "owner_id = (select auth.uid())", ("web",)),)
    one = RolesSite(postgres, postgres.new(request.node.name), tmp_path / "db", rows)
    one.reconcile()  # the table comes later
    with one.as_("migrator") as connection:
        connection.execute("""
            CREATE SCHEMA auth;
            CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
            $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
            CREATE TABLE profiles (owner_id uuid, name text);
            INSERT INTO profiles VALUES ('00000000-0000-0000-0000-000000000001', 'one'), (gen_random_uuid(), 'two');
        """)
    one.reconcile()
    with one.as_("web") as connection, connection.transaction():
        assert connection.execute("select count(*) from profiles").fetchone() == (0,)
        claims = '{"sub": "00000000-0000-0000-0000-000000000001"}'
        connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        assert connection.execute("select name from profiles").fetchall() == [("one",)]
    assert one.isolation()[1] == []


def test_who_owned_everything_before_goes_on_until_it_is_said(postgres, tmp_path, request):
    one = RolesSite(postgres, postgres.new(request.node.name), tmp_path / "db", rows=(OWN,))
    one.ask(f"create role {one.name} login password 'old'; alter database {one.name} owner to {one.name}")
    with psycopg.connect(one.url, user=one.name, password="old", autocommit=True) as before:
        before.execute(TABLES)
        one.more_wanted = {"legacy": one.name, "retire": False}
        one.reconcile()
        assert before.execute("insert into orders (owner_id) values (9) returning id").fetchone() == (4,)
    with psycopg.connect(one.url, user=one.name, password="old", autocommit=True) as again:
        again.execute("insert into notes values ('still')")
    assert one.left() == []
    one.more_wanted["retire"] = True
    assert len(one.left()) == 2
    one.reconcile()
    assert one.ask(f"select rolcanlogin from pg_roles where rolname = '{one.name}'") == [(False,)]
    one.more_wanted["retire"] = False
    assert one.left() == [], "a deployment gives nothing back"
    assert one.isolation()[1] == []


def test_no_password_is_in_a_statement_and_one_that_changed_is_noticed(shop):
    shown = []
    shop.passwords["web"] = Secret("b:w-2-secret")
    for one in reconcile.look(shop.where, shop.wanted):
        shown.append(one.text())
        assert "w-2-secret" not in one.sql
    assert [text for text in shown if "PASSWORD" in text] == [f'ALTER ROLE "{shop.role("web")}" PASSWORD …']
    shop.reconcile()
    assert shop.left() == []


def test_nothing_is_done_by_half(shop):
    shop.rights = shop.rights.__class__(
        shop.name, shop.rights.users, (RowSecurity("orders", "no_such()", ("web",)),), ()
    )
    shop.ask("grant select on notes to public")
    with pytest.raises(FairleadError, match=r"no_such\(\) does not exist"):
        shop.reconcile()
    assert any("notes" in what for what in shop.left())


def test_who_may_make_roles_and_databases_is_enough(postgres, tmp_path, request):
    """As with a server that somebody else runs."""
    one = RolesSite(postgres, postgres.new(request.node.name), tmp_path / "db")
    hoster = f"{one.name}_hoster"
    one.ask(f"create role {hoster} login createrole createdb; alter database {one.name} owner to {hoster}")
    one.where = address(Secret(one.url.replace("//postgres:", f"//{hoster}:")), one.name, several=True)
    one.reconcile()
    with one.as_("migrator") as connection:
        connection.execute(TABLES)
    one.reconcile()
    assert one.left() == []
    report, breaches = one.isolation()
    assert breaches == []
    assert any("only a superuser sees" in note for note in report.notes)


@pytest.fixture
def logins(shop):
    def reach(role, password):
        return address(Secret(shop.url.replace("//postgres:", f"//{role}:")), shop.name, several=True)

    return Logins(shop.where, shop.roles, "web", shop.passwords["web"], reach)


def kept(shop, role):
    return shop.ask(f"select rolcanlogin, rolpassword from pg_authid where rolname = '{role}'")[0]


def test_a_password_changes_by_going_over_to_the_other_role(shop, logins):
    """Each step twice, as after a kill."""
    old, new = shop.passwords["web"], turned(shop.passwords["web"], Secret("w-9"))
    before, after = logins.role(old), logins.role(new)
    logins.check(old)
    with shop.as_("web") as session:
        logins.accept(new)
        first = kept(shop, after)
        logins.accept(new)
        assert kept(shop, after) == first
        assert first[0] and matches(first[1], Secret("w-9"))
        assert kept(shop, before)[0]
        assert wait_until(lambda: logins.holders(0) == 1, 30), "who looked has gone, the session is there"
        for _ in range(2):
            logins.refuse(old, new)
        assert kept(shop, before) == (False, None)
        assert session.execute("select 1").fetchone() == (1,), "who is in stays in"
        with pytest.raises(FairleadError, match="not permitted to log in"):
            logins.verify(old)
        assert logins.expel(0) == 1
    assert wait_until(lambda: logins.holders(0) == 0, 30)
    shop.passwords["web"] = new
    assert shop.left() == []


def test_before_services_use_it_the_new_password_is_taken_back(shop, logins):
    old, new = shop.passwords["web"], turned(shop.passwords["web"], Secret("w-9"))
    logins.accept(new)
    logins.refuse(new, old)
    assert shop.left() == []
    assert kept(shop, logins.role(new)) == (False, None)


def test_a_rotation_is_refused_where_the_roles_are_not_there(shop, logins):
    shop.ask(f"alter role {shop.roles.login('web', 'a')} rename to {shop.name}_elsewhere")
    with pytest.raises(Refused, match="has no role"):
        logins.check(shop.passwords["web"])
