"""Files and histories put together: every state, as Flyway has it, and the plans that follow."""

import pytest

from fairlead.errors import ConfigurationError, Refused, UsageError
from fairlead.postgres.files import Files, Migration
from fairlead.postgres.names import read_name
from fairlead.postgres.picture import Wanted, picture
from fairlead.postgres.plan import plan_baseline, plan_migrate, plan_repair, plan_undo, statement_print
from fairlead.postgres.rows import BASELINE_TEXT, SCHEMA_TEXT, Row
from fairlead.postgres.version import Version


def file(name, text="select 1", contract=False):
    return Migration(read_name(f"{name}.sql"), f"{name}.sql", f"db/{name}.sql", text, contract=contract)


def files(*names, **texts):
    made = [one if isinstance(one, Migration) else file(one) for one in names]
    made += [file(name, text) for name, text in texts.items()]
    kinds = {"versioned": [], "undo": [], "baseline": [], "repeatable": [], "callback": []}
    for one in made:
        kinds[one.kind].append(one)
    for kind in ("versioned", "undo", "baseline"):
        kinds[kind].sort(key=lambda one: one.version.parts)
    return Files(
        *map(tuple, (kinds["versioned"], kinds["undo"], kinds["baseline"], kinds["repeatable"], kinds["callback"]))
    )


SAME = file("V1__x").checksum


def row(rank, version, type="SQL", checksum=SAME, success=True, script=None, description="x"):
    read = Version(version) if version else None
    return Row(rank, read, description, type, script or f"V{version}__x.sql", checksum, success=success)


def states(found):
    return [(entry.script, entry.state.value) for entry in found.entries]


def test_states_of_versions():
    found = picture(
        files("V1__x", "V3__x", "V5__x", "V6__x"), [row(1, "1"), row(2, "5"), row(3, "3"), row(4, "2"), row(5, "9")]
    )
    assert states(found) == [
        ("V1__x.sql", "applied"), ("V5__x.sql", "applied"), ("V3__x.sql", "applied out of order"),
        ("V2__x.sql", "missing"), ("V9__x.sql", "future"), ("V6__x.sql", "ignored"),
    ]  # fmt: skip
    assert [one.script for one in found.mistakes] == ["V2__x.sql", "V6__x.sql"]
    assert str(found.current) == "9"


def test_what_an_old_release_sees_after_its_code_went_back_is_no_mistake():
    found = picture(files("V1__x"), [row(1, "1"), row(2, "2")])
    assert states(found)[-1] == ("V2__x.sql", "future")
    assert found.mistakes == ()


def test_out_of_order_and_a_target():
    all_of_them = files("V1__x", "V2__x", "V3__x", "V4__x")
    found = picture(all_of_them, [row(1, "1"), row(2, "3")], Wanted(out_of_order=True, target=Version("3")))
    assert states(found)[2:] == [("V2__x.sql", "pending"), ("V4__x.sql", "above target")]


def test_a_flyway_database_with_everything_in_it():
    """SCHEMA, BASELINE, a row by Java, one undone by a paid edition, one undone by us, and what was deleted."""
    history = [
        Row(0, None, SCHEMA_TEXT, "SCHEMA", '"app"', None),
        Row(1, Version("2"), BASELINE_TEXT, "BASELINE", BASELINE_TEXT, None),
        row(2, "3"),
        row(3, "4", "JDBC", None, script="db.migration.V4__x"),
        row(4, "5"),
        row(5, "5", "UNDO_SQL", 7, script="U5__x.sql"),
        row(6, "6"),
        row(7, "6", "DELETE", None, script="U6__x.sql"),
        row(8, "7"),
        row(9, "7", "DELETE", None, script="V7__x.sql"),
        row(10, None, script="R__v.sql", description="v"),
    ]
    there = files("V1__x", "V2__x", "V3__x", "V5__x", "V6__x", "V8__x", R__v="select 1")
    found = picture(there, history, Wanted(opaque=frozenset({3})))
    assert states(found) == [
        (BASELINE_TEXT, "baseline"), ("V3__x.sql", "applied"), ("db.migration.V4__x", "opaque"),
        ("V5__x.sql", "undone"), ("V6__x.sql", "undone"), ("V7__x.sql", "deleted"), ("R__v.sql", "applied"),
        ("V1__x.sql", "below baseline"), ("V2__x.sql", "below baseline"), ("V5__x.sql", "pending"),
        ("V6__x.sql", "pending"), ("V8__x.sql", "pending"),
    ]  # fmt: skip
    assert found.mistakes == ()
    assert "was run by Java or a shell" in picture(there, history).mistakes[0].message
    # one DELETE for each row it takes back: repair of what is missing touches none of these
    assert plan_repair(found).steps == ()


def test_each_undo_takes_back_one_run():
    history = [row(1, "1"), row(2, "1", "DELETE", None, script="U1__x.sql"), row(3, "1")]
    assert states(picture(files("V1__x"), history)) == [("V1__x.sql", "undone"), ("V1__x.sql", "applied")]


def test_below_a_baseline_nothing_is_compared():
    found = picture(files(V1__x="select 2"), [row(1, "1"), row(2, "2", "BASELINE", None)])
    assert found.mistakes == ()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (row(1, "1", checksum=7), "was changed after it was applied (checksum 7, now "),
        (row(1, "1", description="y"), 'was applied as "y" and is now "x"'),
        (row(1, "1", "JDBC"), "is SQL, and was applied as JDBC"),
        (row(1, "1", success=False), "failed and was not finished"),
    ],
)
def test_mistakes_keep_everything_from_running(there, said):
    found = picture(files("V1__x", "V2__x"), [there])
    assert said in found.mistakes[0].message
    with pytest.raises(Refused, match=r"V1__x.sql"):
        plan_migrate(files("V1__x", "V2__x"), found, {})


def test_what_runs_again():
    there = files(R__b="select 1", R__a="select 2")
    found = picture(there, [row(1, None, description="b", script="R__b.sql", checksum=7)])
    assert states(found) == [("R__b.sql", "outdated"), ("R__b.sql", "pending"), ("R__a.sql", "pending")]


def test_a_plan_of_everything():
    there = files("V2__x", "beforeMigrate", R__v="select 1", V1__x="vacuum;select 1")
    made = plan_migrate(there, picture(there, []), {}, history=False)
    assert [(step.act, step.script, step.mode) for step in made.steps] == [
        ("create", "", "transaction"), ("callback", "beforeMigrate.sql", "transaction"),
        ("run", "V1__x.sql", "statements"), ("run", "V2__x.sql", "transaction"), ("run", "R__v.sql", "transaction"),
    ]  # fmt: skip
    assert [step.row.rank for step in made.steps if step.row] == [1, 2, 3]
    assert made.steps[2].as_data() == {
        "act": "run", "script": "V1__x.sql", "what": "version 1: 2 statements, each by itself", "mode": "statements",
        "statements": 2, "version": "1",
    }  # fmt: skip


def test_nothing_to_do_is_an_empty_plan():
    assert plan_migrate(files("V1__x"), picture(files("V1__x"), [row(1, "1")]), {}).steps == ()


def test_what_was_interrupted_goes_on_where_its_statements_are_the_same():
    there = files(V1__x="select 1; vacuum; select 2")
    prints = [statement_print(one) for one in there.versioned[0].statements]
    found = picture(there, [row(1, "1", success=False)])
    (step,) = plan_migrate(there, found, {1: [(prints[0], True), (prints[1], False)]}).steps
    assert (step.first, step.again, step.row.rank) == (1, True, 1)
    with pytest.raises(Refused):
        plan_migrate(there, found, {1: [("other", True)]})


def test_a_plan_of_undoing():
    there = files("V1__x", "V2__x", "V3__x", "U2__x", "U3__x")
    found = picture(there, [row(1, "1"), row(2, "2"), row(3, "3")])
    made = plan_undo(there, found, Version("1"), 1)
    assert [(step.script, step.row.type, step.row.rank) for step in made.steps] == [
        ("U3__x.sql", "DELETE", 4),
        ("U2__x.sql", "DELETE", 5),
    ]
    assert [step.script for step in plan_undo(there, found, None, 1, "UNDO_SQL").steps] == ["U3__x.sql"]
    with pytest.raises(Refused, match="there is no U1"):
        plan_undo(there, found, Version("0"), 1)
    with pytest.raises(UsageError, match="version 7 is not applied"):
        plan_undo(there, found, Version("7"), 1)


def test_what_stands_for_several_versions_is_not_undone():
    there = files("V1__x", "V2__x", "U2__x", "B2__x")
    found = picture(there, [row(1, "2", "SQL_BASELINE", script="B2__x.sql")])
    with pytest.raises(Refused, match=r"B2__x.sql cannot be undone: it stands for all versions up to 2"):
        plan_undo(there, found, None, 1)


def test_a_plan_of_repairing():
    there = files("V1__x", "V2__x", "V3__x", V4__y="select 4")
    history = [row(1, "1", checksum=7), row(2, "1.5"), row(3, "2", success=False), row(4, "4"), row(5, "9")]
    made = plan_repair(picture(there, history))
    assert [(step.act, step.script, step.row.rank) for step in made.steps] == [
        ("remove", "V2__x.sql", 3), ("realign", "V1__x.sql", 1), ("delete", "V1.5__x.sql", 6),
        ("realign", "V4__y.sql", 4),
    ]  # fmt: skip
    assert made.steps[3].what.startswith("checksum ")
    assert "description x becomes y" in made.steps[3].what
    # what newer files left stays: this may be an old release
    assert all(step.row.version != Version("9") for step in made.steps)


def test_a_plan_of_a_baseline():
    made = plan_baseline(picture(files("V1__x"), []), Version("3"), BASELINE_TEXT, history=False)
    assert [(step.act, step.row and step.row.type) for step in made.steps] == [
        ("create", None),
        ("baseline", "BASELINE"),
    ]
    with pytest.raises(Refused, match="there is a history already"):
        plan_baseline(picture(files("V1__x"), [row(1, "1")]), Version("3"), BASELINE_TEXT, history=True)


def test_a_mistake_of_sql_names_its_place():
    there = files(V1__x="select 1;\n  select 'a")
    with pytest.raises(ConfigurationError, match=r"^db/V1__x.sql:2:10: a string does not end$"):
        plan_migrate(there, picture(there, []), {})
