"""Undo proofs on a real PostgreSQL: what a round trip brings back, what it loses, and what it cannot show."""

import pytest

from fairlead.backups.server import at_url
from fairlead.masking import Secret
from fairlead.operations.db.plan import Asked
from fairlead.operations.trials.copies import Copy
from fairlead.operations.trials.prove import proofs
from fairlead.postgres.files import read_files
from fairlead.postgres.undo_proof import Proof, UndoClass, proof_of, settled
from fairlead.postgres.version import Version
from fairlead.postgres.written import written
from fairlead.stores.programs import find

pytestmark = pytest.mark.real

PROGRAMS = ("pg_dump", "pg_restore", "pg_dumpall")


def proved(site, **asked):
    """Tried in the database of the test itself, as if it were a copy."""
    with at_url(Secret(site.url), {name: find(name) for name in PROGRAMS}) as server:
        return {one.version: one for one in proofs(Copy(site.database, server, "a test"), Asked(**asked))}


def test_what_adds_no_place_for_values_is_lossless(site):
    site.write(V1__a="create table a (x int); insert into a values (1), (2)")
    site.migrate()
    site.write(
        V2__index="create index concurrently a_x on a (x)", U2__index="drop index concurrently a_x",
        V3__check="alter table a add constraint c check (x > 0)", U3__check="alter table a drop constraint c",
        V4__name="alter table a rename x to y", U4__name="alter table a rename y to x",
        V5__one_way="create view v as select 1 as one",
    )  # fmt: skip
    found = proved(site)
    assert [(one.kind, one.why) for one in found.values()] == [
        (UndoClass.LOSSLESS, ""), (UndoClass.LOSSLESS, ""), (UndoClass.LOSSLESS, ""),
        (UndoClass.NONE, "there is no U5__….sql"),
    ]  # fmt: skip


def test_a_column_dropped_and_added_again_is_not_what_it_was(site):
    """pg_dump says the same of both where it was the last column; its values are gone."""
    site.write(V1__a="create table a (x int, y text); insert into a values (1, 'one'), (2, 'two')")
    site.migrate()
    site.write(
        V2__drop="alter table a drop column y", U2__drop="alter table a add column y text",
        V3__drop="alter table a drop column x", U3__drop="alter table a add column x int",
    )  # fmt: skip
    found = proved(site)
    assert found["2"].kind is UndoClass.LOSSY
    assert found["2"].why == "values of column y of public.a are lost in 2 of 2 rows"
    assert not found["2"].while_unwritten
    assert "values of column x of public.a are lost in 2 of 2 rows" in found["3"].why


def test_how_far_a_sequence_is_counts(site):
    made = "create sequence s; create sequence down increment -1 start -9; create sequence kept"
    site.write(V1__s=f"{made}; select setval('s', 7)")
    site.migrate()
    site.write(
        V2__drop="drop sequence s", U2__drop="create sequence s",
        V3__back="alter sequence down restart with -20", U3__back="alter sequence down restart with -5",
        V4__new="create sequence t", U4__new="drop sequence t",
        V5__on="select nextval('kept')", U5__on="",
    )  # fmt: skip
    found = proved(site)
    assert [one.kind for one in found.values()] == ["lossy", "lossy", "lossy", "lossless"]
    assert found["3"].why == "sequence public.down goes back from -9 to -5, and gives numbers again"
    assert found["2"].why == "sequence public.s goes back from 8 to 1, and gives numbers again"
    assert not found["2"].while_unwritten


def test_a_sequence_that_v_makes_goes_as_long_as_nobody_drew_from_it(site):
    site.write(V1__s="create sequence s; select nextval('s')", U1__s="drop sequence s")
    (proof,) = proved(site).values()
    assert (proof.while_unwritten, proof.why) == (True, "sequence public.s goes, and with it how far it was")
    proof = Proof.from_data(proof.to_data())
    with site.connect() as connection:
        assert written(connection, proof) == ()
        connection.execute("select nextval('s')")
        assert written(connection, proof) == proof.losses


def test_what_materialized_views_keep_and_large_objects_count(site):
    view = "create materialized view {0} as select x from a"
    site.write(V1__a=f"create table a (x int); insert into a values (1); {view.format('v')}; {view.format('w')};"
                     "select lo_from_bytea(7001, 'one'); select lo_from_bytea(7002, 'two')")  # fmt: skip
    site.migrate()
    site.write(
        V2__v="drop materialized view v", U2__v=f"{view.format('v')} with no data",
        V3__v="insert into a values (2); refresh materialized view w", U3__v="delete from a where x = 2",
        V4__v="drop materialized view w", U4__v=view.format("w"),
        V5__lo="select lo_unlink(7001); select lo_put(7002, 0, 'owt'); select lo_from_bytea(7003, 'new')",
        U5__lo="select lo_from_bytea(7001, 'one')",
    )  # fmt: skip
    found = proved(site)
    assert found["2"].why == "materialized view public.v is not filled again"
    assert "materialized view public.w shows other rows then" in found["3"].why
    assert found["4"].kind is UndoClass.LOSSLESS, found["4"].why
    assert "large objects that are others then: 1; large objects that stay: 1" in found["5"].why


def test_what_an_extension_has_in_a_table_goes_with_it(site):
    site.write(
        V1__own="create extension citext; create table settings (x int); alter extension citext add table settings",
        U1__own="drop extension citext",
    )
    (proof,) = proved(site).values()
    assert (proof.while_unwritten, proof.why) == (
        True, "public.settings goes, with every row that was written to it since"
    )  # fmt: skip
    with site.connect() as connection:
        connection.execute("insert into settings values (1)")
        assert written(connection, proof) == proof.losses


def test_where_there_are_no_values_nothing_is_shown(site):
    site.write(V1__a="create table a (x int, y text); create table b (x int, y text); insert into b values (1, null)")
    site.migrate()
    site.write(
        V2__empty="alter table a drop column y", U2__empty="alter table a add column y text",
        V3__null="alter table b drop column y", U3__null="alter table b add column y text",
        V4__table="drop table a", U4__table="create table a (x int)",
        V5__all="update b set x = 1; delete from b where x = 2", U5__all="",
    )  # fmt: skip
    found = proved(site)
    assert {one.kind for one in list(found.values())[:3]} == {UndoClass.UNPROVEN}
    assert "public.a has no rows in the copy" in found["2"].why
    assert "column y of public.b is made anew, and all its values in the copy are the same" in found["3"].why
    assert "public.a is made anew" in found["4"].why
    assert found["5"].kind is UndoClass.LOSSLESS  # it changed nothing in what is there


def test_rows_that_are_changed_and_not_changed_back(site):
    site.write(
        V1__a="create table a (id int primary key, x int); insert into a select n, n from generate_series(1, 9) n"
    )
    site.migrate()
    site.write(
        V2__set="update a set x = 7 where id > 5", U2__set="select 1",
        V3__swap="update a set x = 10 - x", U3__swap="update a set x = 10 - x",
        V4__mixed="update a set x = (array[2,1,3,4,5,6,7,8,9])[id] where id < 3", U4__mixed="",
        V5__less="delete from a where id = 1", U5__less="insert into a values (1, 1)",
    )  # fmt: skip
    found = proved(site)
    assert {one.kind for one in found.values()} == {UndoClass.LOSSY}
    assert "values of column x of public.a are others then" in found["2"].why
    assert found["3"].why == "db/U3__swap.sql:1: UPDATE changes public.a, those written since too"


def test_what_v_makes_is_lost_with_what_is_written_to_it_and_only_then(site):
    site.write(V1__a="create table a (x int); insert into a values (1), (2)")
    site.migrate()
    files = {
        "V2__more": "alter table a add y text default 'none', add z int; create table b (id) as select 1",
        "U2__more": "drop table b; alter table a drop column y, drop column z",
    }
    site.write(**files)
    (proof,) = proved(site).values()
    assert (proof.kind, proof.while_unwritten) == (UndoClass.LOSSY, True)
    assert [(one.table, one.column) for one in proof.losses] == [
        ("public.a", "y"), ("public.a", "z"), ("public.b", ""),
    ]  # fmt: skip
    again = Proof.from_data(proof.to_data())
    assert again == proof
    for change, lost in {
        "insert into a values (3)": [], "update a set y = null where x = 1": ["y"], "update a set y = 'none'": [],
        "update a set z = 1 where x = 2": ["z"], "update b set id = 2": ["z", ""],
    }.items():  # fmt: skip
        site.ask(change)
        with site.connect() as connection:
            found = written(connection, again)
        assert [one.column for one in found] == lost
        assert settled(again, found).kind is (UndoClass.LOSSY if lost else UndoClass.LOSSLESS)


def test_an_undo_that_fails_or_leaves_something_proves_nothing(site):
    site.write(V1__a="create table a (x int)")
    site.migrate()
    site.write(
        V2__b="create table b (x int); create table c (x int)", U2__b="drop table b",
        V3__f="create table f (x int)", U3__f="drop table f",
    )  # fmt: skip
    found = proved(site)
    assert (found["2"].kind, found["2"].while_unwritten) == (UndoClass.LOSSY, False)
    assert "public.c stays" in found["2"].why
    assert 'V2__b.sql cannot be run again after U2__b.sql: db/V2__b.sql:1:25: relation "c" already' in found["2"].why
    assert found["3"].kind is UndoClass.UNPROVEN
    site.ask("drop table c")
    site.write(V2__b="create table b (x int)", U2__b="drop table nonsense")
    found = proved(site)
    assert found["2"].kind is UndoClass.UNPROVEN
    assert found["2"].why == 'U2__b.sql cannot be run: db/U2__b.sql:1:1: table "nonsense" does not exist'


def test_an_undo_is_tried_with_what_runs_again_in_place(site):
    """A view of the new column keeps it from going."""
    site.write(V1__a="create table a (x int)")
    site.migrate()
    site.write(
        V2__y="alter table a add y int", U2__y="alter table a drop column y",
        R__views="create or replace view v as select y from a",
    )  # fmt: skip
    (proof,) = proved(site).values()
    assert proof.kind is UndoClass.UNPROVEN
    assert "with what runs again in place: db/U2__y.sql:1:1: cannot drop column y" in proof.why


def test_a_proof_is_of_these_very_files(site):
    site.write(V1__a="create table a (x int)", U1__a="drop table a")
    (proof,) = proved(site).values()
    folder = site.database.folder

    def known():
        return proof_of("db.shop", Version("1"), read_files(folder), [proof])

    assert known() == proof
    site.write(U1__a="drop table a -- and what is in it")
    assert (known().kind, known().why) == (UndoClass.UNPROVEN, "these files were not tried")
    site.write(U1__a=None)
    assert known().kind is UndoClass.NONE


def test_a_partition_that_goes_takes_its_rows_along(site):
    site.write(V1__a="create table a (x int) partition by range (x); create table a1 partition of a default")
    site.migrate()
    site.write(V2__p="create table a2 partition of a for values from (5) to (9)", U2__p="drop table a2")
    (proof,) = proved(site).values()
    assert (proof.kind, proof.while_unwritten) == (UndoClass.LOSSY, True)
    with site.connect() as connection:
        assert written(connection, proof) == ()
        connection.execute("insert into a values (7)")
        assert [one.table for one in written(connection, proof)] == ["public.a2"]


def test_rows_that_policies_hide_are_not_taken_for_missing(site):
    site.write(V1__b="create table b (x int); alter table b enable row level security, force row level security",
               U1__b="drop table b")  # fmt: skip
    (proof,) = proved(site).values()
    assert proof.while_unwritten
    site.migrate()
    site.ask("insert into b values (1)")
    role = f"hidden_{site.name}"
    site.ask(f'create role "{role}"; alter table b owner to "{role}"; grant usage, create on schema public to "{role}"')
    try:
        with site.connect() as connection:
            connection.execute(f'set role "{role}"')
            assert connection.execute("select * from b").fetchall() == []
            assert [one.table for one in written(connection, proof)] == ["public.b"]
            assert connection.execute("show row_security").fetchone() == ("on",)
    finally:
        site.ask(f'drop owned by "{role}" cascade; drop role "{role}"')
