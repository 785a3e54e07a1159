"""Dangerous statements are found, harmless ones are not, and a waiver waives what it names."""

import pytest
from test_postgres_picture import files

from fairlead.postgres.locks import lock_of
from fairlead.postgres.risks import risks
from fairlead.postgres.statements import split

FOUND = {
    "copy a to program 'cat'": "copy-program",
    "alter system set work_mem = '1GB'": "alter-system",
    "grant select on a to public": "grant-to-public",
    "alter table a disable row level security": "row-security-off",
    "create policy p on a using (true)": "policy-for-all",
    "drop policy p on a": "drop-policy",
    "update a set x = 1": "where-is-missing",
    "delete from a": "where-is-missing",
    "truncate a": "truncate",
    "drop table a": "drop-table",
    "alter table a drop column x": "drop-column",
    "alter table a drop x": "drop-column",
    "drop schema s": "drop-schema",
    "drop view v cascade": "cascade",
    "alter table a rename to b": "rename-table",
    "alter table a rename column x to y": "rename-column",
    "alter table a rename x to y": "rename-column",
    "alter table a alter column x type bigint": "change-type",
    "alter table a alter x set data type bigint": "change-type",
    "alter table a alter x set not null": "set-not-null",
    "alter table a add column y int not null": "required-column",
    "alter table a add x int default 1, add y int not null": "required-column",
    "alter table a add column y uuid default gen_random_uuid()": "rewrite",
    "alter table a add column y bigserial": "rewrite",
    "alter table a add y int generated always as (x * 2) stored": "rewrite",
    "create index i on a (x)": "index-locks",
    "create unique index on s.a (x)": "index-locks",
    "drop index i": "drop-index-locks",
    "reindex table a": "reindex-locks",
    "refresh materialized view v": "refresh-locks",
    "alter table a add foreign key (x) references b": "foreign-key-locks",
    "alter table a add constraint c check (x > 0)": "check-locks",
    "alter table a add constraint c unique (x)": "unique-locks",
    "alter table a add primary key (x)": "unique-locks",
    "lock table a": "lock-table",
    "vacuum full a": "vacuum-full",
    "cluster a": "cluster",
    "set role b": "takes-role",
    "set session authorization b": "takes-role",
    "alter table a owner to b": "change-owner",
    "create function f() returns int language sql security definer as 'select 1'": "definer-path",
    "create extension hstore": "extension",
    "do $$ begin execute 'drop table a'; end $$": "dynamic",
}

HARMLESS = (
    "select 1", "create table b (x int primary key references c)", "alter table a add column y int default 1 not null",
    "alter table a add column y timestamptz default now()",
    "alter table a add constraint c check (x is not null) not valid",
    "alter table a add constraint c unique using index i", "alter table a validate constraint c",
    "alter table a drop constraint c", "alter table a alter x drop not null", "update a set x = 1 where y = 2",
    "create index concurrently i on a (x)", "drop index concurrently i", "refresh materialized view concurrently v",
    "grant select on a to app", "create policy p on a using (owner = 1)", "set statement_timeout = 0",
    "create function f() returns int language sql security definer set search_path = s as 'select 1'",
    "do $$ begin perform 1; end $$", "insert into a values ('drop table a')", 'comment on table a is $$truncate a$$',
)  # fmt: skip


def names(text, **more):
    made = files(V1__x=text, **more)
    return [one.rule for one in risks(made.versioned, made)]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert FOUND[text] in names(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text):
    assert names(text) == []


def test_a_table_that_is_new_is_used_by_nobody():
    assert (
        names("create table a (x int); create index i on a (x); alter table a add y int not null; update a set x = 1")
        == []
    )


def test_waivers():
    assert names("-- fairlead: allow drop-table, nobody uses it since May\ndrop table a; drop table b") == [
        "drop-table"
    ]
    assert names("drop table a /* fairlead: allow drop-table, it is empty */") == []
    assert names("-- fairlead: allow truncate, drop-table, nobody uses it\ndrop table a") == []
    assert names("drop table a; -- fairlead: allow-file drop-table for good\ndrop table b") == []
    assert names("-- fairlead: allow truncate, since May\ndrop table a") == ["drop-table"]


def test_a_waiver_says_why():
    assert names("drop table a /* fairlead: allow drop-table */") == ["waiver-reason"]
    assert names("drop table a; -- fairlead: allow-file drop-table, truncate\ndrop table b") == ["waiver-reason"]


def test_what_only_several_statements_show():
    assert names("alter type e add value 'z'; insert into a values ('z')") == ["enum-value-used"]
    assert names("alter table a add x int;\nupdate a set x = 1 where y = 1") == ["backfill-under-lock"]
    assert names("vacuum a; insert into a values (1)") == ["mixed"]
    made = files("V1__x", "U1__x", "V2__x")
    assert [str(one) for one in risks(made.versioned, made)] == [
        "db/V2__x.sql:1:1: note: it cannot be undone: there is no U file [no-undo]"
    ]


def test_a_callback_that_is_not_called_is_no_secret():
    assert names("select 1", beforeClean="select 1", afterMigrate="select 1") == ["callback-not-called"]


def test_places():
    made = files(V1__x="select 1;\n\n  drop table a")
    (one,) = risks(made.versioned, made)
    assert str(one) == (
        "db/V1__x.sql:3:3: warning: the release that still runs may use it, and its rows are gone [drop-table]"
    )
    assert one.advice


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("alter table a add x int", "ACCESS EXCLUSIVE"),
        ("alter table a validate constraint c", "SHARE UPDATE EXCLUSIVE"),
        ("alter table a add foreign key (x) references b", "SHARE ROW EXCLUSIVE"),
        ("create index i on a (x)", "SHARE:"),
        ("create index concurrently i on a (x)", "SHARE UPDATE EXCLUSIVE"), ("update a set x = 1", "ROW EXCLUSIVE"),
        ("create trigger t before insert on a execute function f()", "SHARE ROW EXCLUSIVE"),
        ("drop table a", "ACCESS EXCLUSIVE"),
        ("create table a ()", ""), ("select 1", ""),
    ],
)  # fmt: skip
def test_locks(text, lock):
    assert lock_of(split(text)[0]).startswith(lock)
    assert bool(lock_of(split(text)[0])) == bool(lock)
