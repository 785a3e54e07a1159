"""Statements that may run again and again, and how names and texts are written in them. Pure."""

from __future__ import annotations


def login(role: str, password: str) -> list[str]:
    """A role that logs in; `password` is how a statement says it."""
    made = unless(f"CREATE ROLE {quoted(role)} LOGIN", "pg_roles", "rolname", role)
    return [made, f"ALTER ROLE {quoted(role)} LOGIN NOSUPERUSER PASSWORD {password};"]


def group(role: str) -> str:
    """A role that nobody logs in as."""
    return unless(f"CREATE ROLE {quoted(role)} NOLOGIN", "pg_roles", "rolname", role)


def unless(statement: str, catalog: str, column: str, name: str) -> str:
    """psql runs what the query answers; the names are quoted, and come from the project file."""
    there = f"SELECT FROM {catalog} WHERE {column} = {literal(name)}"
    return f"SELECT {literal(statement)} WHERE NOT EXISTS ({there})\\gexec"


def quoted(text: str) -> str:
    """A name in a statement."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text in a statement."""
    return "'" + text.replace("'", "''") + "'"
