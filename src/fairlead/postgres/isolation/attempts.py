"""Every forbidden thing that is tried as a role, and what it must be able to do. Pure: statements, no connection.

Each is run in a transaction that is taken back. What is refused has to be refused for want of rights (42501); a
statement that fails for another reason shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.postgres.roles.facts import Facts, Thing
from fairlead.postgres.roles.rows import table_of
from fairlead.postgres.roles.statement import name, text_of
from fairlead.postgres.roles.wanted import Wanted

REFUSED = "42501"


@dataclass(frozen=True, slots=True)
class Attempt:
    """`may`: whether it has to work."""

    what: str
    sql: str
    may: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A role that logs in. `access` is empty for who migrates."""

    role: str
    service: str = ""
    access: str = ""


def attempts(wanted: Wanted, facts: Facts, actor: Actor) -> Iterator[Attempt]:
    """All of one role, in its own database."""
    yield from _on_the_server(wanted, facts, actor)
    if not actor.access:
        return
    yield from _of_the_schema(wanted)
    if facts.superuser:  # nobody else can take that away
        yield Attempt("make large objects", "SELECT lo_create(0)")
    for one in facts.things:
        if one.kind == "TABLE" and one.form in "rp":
            yield from _on_table(wanted, one, actor)
        elif one.kind == "SEQUENCE":
            yield Attempt(f"set the sequence {one.name}", f"SELECT setval({text_of(one.name)}::regclass, 1)")


def _on_the_server(wanted: Wanted, facts: Facts, actor: Actor) -> Iterator[Attempt]:
    """What nobody but the superuser may do."""
    yield Attempt("make a role", "CREATE ROLE fairlead_probe")
    yield Attempt("read the server's files", "SELECT pg_read_file('PG_VERSION')")
    yield Attempt("list the server's folders", "SELECT pg_ls_dir('.')")
    yield Attempt("run a program on the server", "COPY (SELECT 1) TO PROGRAM 'true'")
    yield Attempt("write a file on the server", "COPY (SELECT 1) TO '/tmp/fairlead-probe'")
    yield Attempt("read what is kept of passwords", "SELECT count(rolpassword) FROM pg_authid")
    yield Attempt("be the superuser", f"SET SESSION AUTHORIZATION {name(facts.me)}")
    yield Attempt("have rows of every table", f"ALTER ROLE {name(actor.role)} BYPASSRLS")
    ours = {role.name for role in wanted.roles}
    for role in sorted(facts.roles.keys() - ours):
        if not role.startswith("pg_") and role != wanted.legacy:
            yield Attempt(f"be {role}", f"SET ROLE {name(role)}")


def _of_the_schema(wanted: Wanted) -> Iterator[Attempt]:
    """What only who migrates may do."""
    yield Attempt("make a table", "CREATE TABLE public.fairlead_probe (x int)")
    yield Attempt("make a temporary table", "CREATE TEMPORARY TABLE fairlead_probe (x int)")
    yield Attempt("make a schema", "CREATE SCHEMA fairlead_probe")
    yield Attempt("make a function", "CREATE FUNCTION public.fairlead_probe() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    yield Attempt("make an extension", "CREATE EXTENSION dblink")
    yield Attempt("be the owner", f"SET ROLE {name(wanted.owner)}")


def _on_table(wanted: Wanted, one: Thing, actor: Actor) -> Iterator[Attempt]:
    yield Attempt(f"empty {one.name}", f"TRUNCATE {one.name}")
    yield Attempt(f"change {one.name}", f"ALTER TABLE {one.name} ADD COLUMN fairlead_probe int")
    yield Attempt(f"drop {one.name}", f"DROP TABLE {one.name}")
    yield Attempt(f"switch row-level security of {one.name} off", f"ALTER TABLE {one.name} DISABLE ROW LEVEL SECURITY")
    reserved = one.plain in wanted.reserved
    yield Attempt(f"read {one.name}", f"SELECT FROM {one.name} LIMIT 0", may=not reserved)
    writes = actor.access == "rw" and not reserved
    yield Attempt(f"delete from {one.name}", f"DELETE FROM {one.name} WHERE false", may=writes)  # noqa: S608


def hidden(wanted: Wanted, facts: Facts, actor: Actor) -> Iterator[Attempt]:
    """Reads of tables of which no row may be seen while nothing says who is asking."""
    for row in wanted.rows:
        table = table_of(row, facts)
        if table is not None and actor.access:
            yield Attempt(f"see rows of {table.name}", f"SELECT FROM {table.name} LIMIT 1")
