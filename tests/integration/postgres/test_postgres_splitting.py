"""What we cut is what PostgreSQL takes: each statement is one for its own parser, and all of them are there."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.postgres.statements import split
from fairlead.postgres.traits import needs_no_transaction

pytestmark = pytest.mark.real

TEXTS = ["", ";", "it", "$$", "--", "/*", "*/", "\\", '"', "\n", "e", "a$b$", ";\n;"]
inner = st.lists(st.sampled_from(TEXTS), max_size=4).map("".join)
values = st.one_of(
    inner.map(lambda text: "'" + text.replace("'", "''") + "'"),
    inner.map(lambda text: "E'" + text.replace("\\", "\\\\") + "\\';'"),
    inner.filter(lambda text: "$" not in text).map(lambda text: f"$${text}$$"),
    inner.filter(lambda text: "$q$" not in text).map(lambda text: f"$q$ {text} $q$"),
    inner.map(lambda text: '1 as "x' + text.replace('"', '""') + '"'),
    st.just("(select 1)"),
)
gaps = st.sampled_from([" ", "\n", " /* ; /* $$ */ ' */ ", " -- ; '\n"])
statements = st.lists(values, min_size=1, max_size=3).flatmap(
    lambda some: gaps.map(lambda gap: f"select{gap}" + f",{gap}".join(some))
)


@pytest.fixture(scope="module")
def parser(postgres):
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        yield connection.pgconn


def is_one(parser, text):
    """PREPARE takes one statement, and refuses two."""
    done = parser.prepare(b"", text.encode())
    said = done.error_field(psycopg.pq.DiagnosticField.MESSAGE_PRIMARY) or b""
    return done.status == psycopg.pq.ExecStatus.COMMAND_OK, said.decode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(statements, min_size=1, max_size=4), gaps)
def test_as_many_as_were_written_and_each_is_one(parser, written, gap):
    found = split(f"{gap};{gap}".join(written))
    assert len(found) == len(written)
    for one in found:
        assert is_one(parser, one.text) == (True, "")


def test_the_parser_sees_where_there_are_two(parser):
    assert is_one(parser, "select 1; select 2") == (
        False, "cannot insert multiple commands into a prepared statement",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["vacuum", "create index concurrently i on t (x)", "drop index concurrently i", "reindex index concurrently i",
     "reindex database concurrently postgres", "create database x", "drop database y", "alter system reset work_mem",
     "alter table p detach partition q concurrently", "create tablespace z location '/none'"],
)  # fmt: skip
def test_what_we_run_alone_is_what_postgresql_refuses_in_a_transaction(postgres, text):
    assert needs_no_transaction(split(text)[0])
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("create table t (x int); create index i on t (x)")
        connection.execute("create table p (x int) partition by range (x); create table q partition of p default")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="transaction block"):
            connection.execute(text)
        connection.rollback()
