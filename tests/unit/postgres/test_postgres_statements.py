"""SQL cut into statements: where each begins, what is inside of it, and that nothing makes it slow or fail."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.postgres.statements import split
from fairlead.postgres.tokens import SqlError, tokens
from fairlead.postgres.traits import drops_indexes, forbidden, index_of, needs_no_transaction, when_unknown

CASES = {
    "select 1; select 2": ["select 1", "select 2"],
    "": [],
    " ;;\n;": [],
    "-- only a comment": [],
    "select ';'; select 2": ["select ';'", "select 2"],
    "select 'it''s;'": ["select 'it''s;'"],
    r"select E'\';'; select 2": [r"select E'\';'", "select 2"],
    r"select '\'; select 2": [r"select '\'", "select 2"],
    "select E'a'\n  'b\\';c'; select 2": ["select E'a'\n  'b\\';c'", "select 2"],
    'select ";""" ; select 2': ['select ";"""', "select 2"],
    "select U&\"d;\", b';', x';', n';'": ["select U&\"d;\", b';', x';', n';'"],
    "select $$;$$, $a$;$$;$a$": ["select $$;$$, $a$;$$;$a$"],
    "select a$b$;select c$b$": ["select a$b$", "select c$b$"],
    "select $1;select 2": ["select $1", "select 2"],
    "select 1 /* ; /* ; */ ; */; select 2": ["select 1", "select 2"],
    "select 1 -- ;\n; select 2": ["select 1", "select 2"],
    "select 1 +-- ;\n 2": ["select 1 +-- ;\n 2"],
    "select 1 @/* ; */ 2": ["select 1 @/* ; */ 2"],
    "create rule r as on insert to t do also (select 1; select 2); select 3": [
        "create rule r as on insert to t do also (select 1; select 2)", "select 3",
    ],
    "create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3": [
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3",
    ],
    "create or replace procedure p() begin atomic select 1; end; select 2": [
        "create or replace procedure p() begin atomic select 1; end", "select 2",
    ],
    "begin; select 1; end": ["begin", "select 1", "end"],
    "\\restrict abc\nselect 1;\n\\unrestrict abc\n": ["select 1"],
    "\ufeffselect 1": ["select 1"],
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_cut(text):
    assert [one.text for one in split(text)] == CASES[text]


def test_places_count_from_one_and_comments_are_kept():
    one, two = split("\r\n-- why\r\n  select 1; /* b */\rselect\n 2")
    assert (one.line, one.column, one.comments) == (3, 3, ("-- why",))
    assert (two.line, two.column, two.comments) == (4, 1, ("/* b */",))


def test_rows_of_copy_are_data():
    text = "copy a (x) from stdin with (format text); -- rows\n1\tit's; $$\r\n\\\\.\n\\.\nselect 1"
    copy, rest = split(text)
    assert (copy.text, copy.data) == ("copy a (x) from stdin with (format text)", "1\tit's; $$\n\\\\.\n")
    assert (rest.text, rest.line) == ("select 1", 5)
    assert split("copy a from 'file'; select 1")[0].data is None
    assert split("copy (select 'x' from stdin) to stdout; select 1")[0].data is None


WRONG = {
    "select 'abc": (7, "a string does not end"),
    "select E'abc\\'": (7, "a string does not end"),
    'select "abc': (7, "a name in quotes does not end"),
    "select $a$ $$ ": (7, r"a string that begins with $a$ does not end"),
    "select /* /* */": (7, "a comment does not end; comments nest, so each /* needs its */"),
    "select 1;\n\\d": (10, "\\d is a command of psql, not of PostgreSQL; write it in SQL"),
    "select 1 \\gexec": (9, "\\gexec is a command of psql, not of PostgreSQL; write it in SQL"),
    "copy a from stdin;\n1\n": (0, "the rows of COPY … FROM STDIN do not end; a line \\. ends them"),
    "copy a from stdin; select 1\n\\.\n": (18, "the rows of COPY … FROM STDIN begin on the next line"),
    "select 1\0": (8, "a NUL character; PostgreSQL takes none"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_sql(text):
    with pytest.raises(SqlError) as caught:
        split(text)
    assert (caught.value.offset, caught.value.message) == WRONG[text]


PIECES = st.sampled_from(
    ["'", "''", '"', "$$", "$a$", "$1", ";", "--", "/*", "*/", "\n", "\r", "\\", "E'", "e", "(", ")", " ", "begin",
     "end", "create function f", "begin atomic", "case", "copy a from stdin;", "\\.", "\\restrict x",
     "U&'", "ä", "\0", "1", "."]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_anything_is_cut_or_refused_with_its_place(text):
    try:
        found = split(text)
    except SqlError as error:
        assert 0 <= error.offset <= len(text)
        return
    at = 0
    for one in found:
        assert one.text == one.text.strip()
        at = text.index(one.text, at) + len(one.text)
        assert one.tokens


@given(st.lists(PIECES, max_size=30).map("".join))
def test_tokens_follow_each_other(text):
    try:
        found = list(tokens(text))
    except SqlError:
        return
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(text[one.start : one.end].upper() == one.text.upper() for one in found)


@pytest.mark.parametrize(
    "piece",
    [
        "'",
        "''",
        "$a$",
        "$",
        "/*",
        "/**/",
        "--\n",
        "E'\\",
        ";",
        "(",
        "\\restrict\n",
        "a ",
        "E'a'\n",
        "$a",
        "1.",
        "\n\n;",
    ],
)
def test_a_long_one_takes_no_longer_than_its_length(piece):
    """A scanner whose time grows with the square would not come to an end here."""
    try:
        split(piece * (100_000 // len(piece)))
    except SqlError:
        return


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("create index concurrently i on t (x)", True), ("create unique index concurrently i on t (x)", True),
        ("drop index concurrently i", True), ("reindex table concurrently t", True), ("vacuum (analyze) t", True),
        ("alter table t detach partition p concurrently", True), ("alter system set work_mem = '1MB'", True),
        ("create database x", True), ("drop tablespace x", True), ("reindex database x", True), ("call p()", True),
        ("alter database x set tablespace y", True), ("create subscription s connection '' publication p", True),
        ("refresh materialized view concurrently v", False), ("alter type t add value 'x'", False),
        ("create index i on t (x)", False), ("select 'concurrently'", False), ('create table "CONCURRENTLY" ()', False),
        ("reindex table t", False), ("-- vacuum\nselect 1", False),
    ],
)  # fmt: skip
def test_what_postgresql_runs_outside_of_transactions_only(text, alone):
    assert needs_no_transaction(split(text)[0]) is alone


def test_the_index_of_a_statement():
    one = index_of(split('create unique index concurrently if not exists "My ""I" on only app."T" using gin (x)')[0])
    assert (one.name, one.schema, one.table, one.or_keep) == ('My "I', "app", "T", True)
    assert index_of(split("create index concurrently on t (x)")[0]).name is None
    assert index_of(split("create index i on t (x)")[0]) is None
    assert drops_indexes(split('drop index concurrently if exists a.b, "C" cascade')[0]) == (("a", "b"), (None, "C"))


@pytest.mark.parametrize("text", ["begin", "commit", "end", "start transaction", "rollback", "abort",
                                  "prepare transaction 'x'", "discard all",
                                  "select pg_advisory_unlock_all()"])  # fmt: skip
def test_what_would_take_the_transaction_or_the_lock_is_forbidden(text):
    assert forbidden(split(text)[0])


@pytest.mark.parametrize("text", ["savepoint a", "rollback to savepoint a", "rollback to a", "release a",
                                  "discard plans",
                                  "set standard_conforming_strings = on", "select 1"])  # fmt: skip
def test_what_is_not(text):
    assert forbidden(split(text)[0]) is None


def test_what_to_do_with_one_that_may_have_run():
    assert when_unknown(split("vacuum")[0]) == "again"
    assert when_unknown(split("create index concurrently i on t (x)")[0]) == "look"
    assert when_unknown(split("call p()")[0]) == "ask"
