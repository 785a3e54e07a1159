"""squawk beside our own rules: what it alone finds, at the right place, without what is ours or waived."""

import pytest
from test_postgres_picture import files

from fairlead.operations.db.lint import all_risks
from fairlead.postgres import squawk
from fairlead.postgres.risks import errors, refusing, risks

CAUGHT = """\
-- a comment before it
create table new (id int generated always as identity primary key,
    name varchar(10));

alter table old detach partition part;
alter table old add column more bigint not null;
create index old_more on old (more);
"""


@pytest.fixture
def program(need):
    return squawk.program() or need("squawk")


def test_both_together_find_each_thing_once(program):
    made = files(V1__x=CAUGHT, U1__x="")
    found, asked = all_risks(made.versioned, made)
    assert asked
    assert [(one.line, one.rule, one.severity) for one in found] == [
        (2, "prefer-bigint-over-int", "note"),
        (3, "prefer-text-field", "note"),
        (5, "require-concurrent-partition-detach", "warning"),
        (6, "required-column", "warning"),
        (7, "index-locks", "warning"),
    ]
    assert found[2].column == 17
    assert all(one.file == "db/V1__x.sql" and one.message and one.advice for one in found)


def test_a_waiver_is_for_squawk_too(program):
    text = CAUGHT.replace("alter table old detach", "-- fairlead: allow require-concurrent-partition-detach, at night\n"
                          "alter table old detach")  # fmt: skip
    made = files(
        V1__x=f"-- fairlead: allow-file prefer-text-field, prefer-bigint-over-int, as agreed\n{text}", U1__x=""
    )
    assert [one.rule for one in all_risks(made.versioned, made)[0]] == ["required-column", "index-locks"]


def test_rows_of_copy_and_what_runs_alone_are_no_mistakes(program):
    made = files(
        V1__rows="create table a (x text);\ncopy a from stdin;\nit's so\n\\.\ninsert into a values ('x')", U1__rows="",
        V2__index="create index concurrently a_x on b (x)", U2__index="",
    )  # fmt: skip
    assert all_risks(made.versioned, made) == ((), True)


def test_what_cannot_be_parsed_is_said_and_left_to_postgresql(program):
    made = files(V1__x="select 1;\nselec 2", U1__x="")
    assert {(one.rule, one.severity, one.line) for one in all_risks(made.versioned, made)[0]} == {
        ("syntax-error", "warning", 2)
    }


def test_what_must_not_run_is_one_line():
    made = files(V1__x="alter system set work_mem = '1GB'; drop table a", U1__x="")
    found = risks(made.versioned, made)
    assert [one.rule for one in errors(found)] == ["alter-system"]
    assert refusing(found) == "db/V1__x.sql:1:1: ALTER SYSTEM changes the whole server [alter-system]"
    assert refusing(found[1:]) == ""
