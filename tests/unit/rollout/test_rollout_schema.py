"""The steps of a schema in a plan, and what they say happens to it."""

from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.plan import plan
from fairlead.rollout.schema import SchemaMove, schema_steps
from tests.crash.fake_worlds import shop


def shown(*moves):
    return [step.shown() for step in schema_steps("new", moves)]


def test_each_store_is_kept_once_and_each_database_looked_at():
    first = SchemaMove("db.shop", "db", ("V2__a.sql", "V3__b.sql"), ("V3__b.sql",), dump=True)
    second = SchemaMove("db.reports", "db", job="db-reports-migrator", dump=True)
    assert shown(first, second) == [
        "restore point of db, and a backup",
        "migrate db.shop: V2__a.sql, V3__b.sql; they stay if something fails later: that an undo of V2__a.sql loses "
        "nothing is not proven",
        "look at db.shop: history, indexes and checks",
        "migrate db.reports: by job db-reports-migrator; what it did stays if something fails later: nobody but that "
        "tool could undo it",
        "look at db.reports: history, indexes and checks",
    ]


def test_nothing_is_kept_of_what_is_empty():
    assert shown(SchemaMove("db.shop", "db", ("V1__a.sql",), ("V1__a.sql",), fresh=True)) == [
        "migrate db.shop: V1__a.sql; undone if something fails later: that is proven to lose nothing, as long as "
        "nobody writes into it",
        "look at db.shop: history, indexes and checks",
    ]


def test_what_does_not_move_is_in_no_plan():
    assert (
        shown(SchemaMove("db.shop", "db", held=("V4__drop.sql",)), SchemaMove("db.x", "db", unknown="it is away")) == []
    )


def test_schemas_move_first_and_never_on_the_way_back():
    moves = (SchemaMove("db.shop", "db", ("V1__a.sql",)),)
    forward = plan(Wanted("new", shop("rolling", 1), "rolling", schema=moves), Observed())
    assert [(step.number, step.kind) for step in forward][:3] == [(1, "snapshot"), (2, "migrate"), (3, "inspect")]
    back = plan(Wanted("new", shop("rolling", 1), "blue-green", urgent=True, schema=moves), Observed())
    assert not {"snapshot", "migrate", "inspect"} & {step.kind for step in back}
