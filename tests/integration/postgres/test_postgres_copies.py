"""A copy of a live database: the same in it, as the same role, and nothing that reaches out of it."""

import pytest
from copy_site import copy_of

from fairlead.errors import Refused
from fairlead.operations.backups import space
from fairlead.operations.db.opened import opened
from fairlead.operations.db.plan import Asked
from fairlead.operations.trials.prove import proofs
from fairlead.postgres.undo_proof import UndoClass

pytestmark = pytest.mark.real

LIVE = """
create table orders (id int primary key, what text);
insert into orders select n, 'order ' || n from generate_series(1, 100) n;
alter table orders owner to {role};
create extension postgres_fdw;
create server elsewhere foreign data wrapper postgres_fdw options (host '127.0.0.1', port '{port}', dbname '{name}');
create user mapping for public server elsewhere options (user 'postgres', password '{phrase}');
create foreign table far (id int, what text) server elsewhere options (table_name 'orders');
grant select on far to {role};
create subscription sub connection 'host=127.0.0.1 dbname=none' publication p with (connect = false);
alter database {name} set search_path = app, public;
create schema app authorization {role};
"""


@pytest.fixture
def owned(site):
    """A database whose tables belong to a role that is nobody's superuser, and which talks to others."""
    role = f"{site.name}_owner"
    site.ask(f"create role {role} login password 'x' connection limit 5; alter database {site.name} owner to {role}")
    with site.connect() as connection:
        for one in LIVE.format(role=role, name=site.name, port=site.server.port, phrase="x").split(";\n"):
            if one.strip():
                connection.execute(one)
    site.role = role
    yield site
    site.ask("alter subscription sub disable; alter subscription sub set (slot_name = none); drop subscription sub")


def test_it_is_the_same_and_reaches_nobody(owned):
    owned.write(
        V1__add="alter table orders add note text; create index orders_note on orders (note)",
        U1__add="alter table orders drop column note",
        V2__far="insert into orders select id + 1000, what from far", U2__far="delete from orders where id > 1000",
    )  # fmt: skip
    before = owned.tables()
    assert owned.ask("select count(*) from far") == [(100,)]
    with copy_of(owned) as copy:
        with opened([copy.database]) as (one,):

            def ask(query):
                return one.connection.execute(query).fetchall()

            assert ask("select count(*), max(what) from orders") == [(100, "order 99")]
            assert ask("select tableowner from pg_tables where tablename = 'orders'") == [(owned.role,)]
            assert ask("show search_path") == [("app, public",)]
            assert ask("select count(*) from pg_user_mappings") == [(0,)]
            assert ask("select count(*) from pg_subscription") == [(0,)]
            assert ask("select count(*) from pg_authid where rolpassword is not null") == [(0,)]
            assert ask("show listen_addresses") == [("",)]
        first, second = proofs(copy, Asked())
    assert (first.kind, first.while_unwritten, first.source) == (UndoClass.LOSSY, True, "the database as it is")
    assert (second.kind, "user mapping not found" in second.why) == (UndoClass.UNPROVEN, True)
    assert owned.tables() == before  # no history either: the live one was read, and nothing else


def test_it_is_not_made_where_it_would_fill_the_disk(site, monkeypatch):
    site.ask("create table a (x int)")
    monkeypatch.setattr(space, "SPARE", 1 << 60)
    with pytest.raises(Refused, match=r"a copy of db\.shop takes about \d+ MB"), copy_of(site):
        raise AssertionError("it was made")
