"""What a statement is: whether it may run in a transaction, whether it ends one, which index it builds.

Read from its words alone. PostgreSQL's rules: PreventInTransactionBlock in its `utility.c` and the commands it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairlead.postgres.statements import Statement

Words = tuple[str, ...]

_ALONE: tuple[Words, ...] = (
    ("CREATE", "DATABASE"), ("DROP", "DATABASE"), ("ALTER", "SYSTEM"),
    ("CREATE", "TABLESPACE"), ("DROP", "TABLESPACE"), ("CREATE", "SUBSCRIPTION"), ("DROP", "SUBSCRIPTION"),
    ("REINDEX", "SCHEMA"), ("REINDEX", "DATABASE"), ("REINDEX", "SYSTEM"), ("VACUUM",), ("CALL",),
)  # fmt: skip

_AGAIN: tuple[Words, ...] = (("VACUUM",), ("ALTER", "SYSTEM"), ("REINDEX",))
"""Of those, the ones that do no harm when they run twice."""

Again = Literal["again", "look", "ask"]


def needs_no_transaction(statement: Statement) -> bool:
    """PostgreSQL refuses it inside a transaction, or, as CALL, it may end one itself.

    `ALTER TYPE … ADD VALUE` is none of these since PostgreSQL 12; its value just cannot be used before the commit.
    """
    words = statement.words
    if any(words[: len(head)] == head for head in _ALONE):
        return True
    if words[:2] == ("ALTER", "DATABASE") and "TABLESPACE" in words:
        return True
    return "CONCURRENTLY" in words and words[:1] != ("REFRESH",) and words[0] in ("CREATE", "DROP", "REINDEX", "ALTER")


def when_unknown(statement: Statement) -> Again:
    """What to do with one that may have run just before a crash: run it again, look in the catalogue, or ask."""
    words = statement.words
    if any(words[: len(head)] == head for head in _AGAIN):
        return "again"
    if index_of(statement) or drops_indexes(statement) or "IF" in words[:4]:
        return "look"
    return "ask"


def forbidden(statement: Statement) -> str | None:
    """Why a statement has no place in a migration at all: it would take the transaction or the lock from us."""
    words = statement.words
    head = words[0] if words else ""
    if head in ("BEGIN", "COMMIT", "END", "ABORT") or words[:2] in (
        ("START", "TRANSACTION"),
        ("PREPARE", "TRANSACTION"),
    ):
        return f"{head} has no place in a migration: a file is one transaction already; leave it out"
    if head == "ROLLBACK" and "TO" not in words[:4]:
        return "ROLLBACK has no place in a migration: a file that fails is rolled back as a whole; leave it out"
    if words[:2] == ("DISCARD", "ALL") or "PG_ADVISORY_UNLOCK_ALL" in words:
        return f"{' '.join(words[:2])} would let go of the lock that keeps other migrations away; leave it out"
    if "STANDARD_CONFORMING_STRINGS" in words and words[0] == "SET" and "OFF" in words:
        return "standard_conforming_strings is on here: write strings with backslashes as E'…'"
    return None


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is built CONCURRENTLY, by name. None where the statement names none."""

    name: str | None
    schema: str | None
    table: str
    or_keep: bool  #: IF NOT EXISTS: which keeps an INVALID one and says all is well


def index_of(statement: Statement) -> Index | None:
    """The index that a CREATE INDEX CONCURRENTLY builds; None for any other statement."""
    words = statement.words
    at = 2 if words[:2] == ("CREATE", "INDEX") else 3 if words[:3] == ("CREATE", "UNIQUE", "INDEX") else 0
    if not at or words[at : at + 1] != ("CONCURRENTLY",):
        return None
    at += 1
    or_keep = words[at : at + 3] == ("IF", "NOT", "EXISTS")
    at += 3 * or_keep
    name = None if words[at : at + 1] == ("ON",) else statement.tokens[at].named()
    at += name is not None
    at += 2 if words[at + 1 : at + 2] == ("ONLY",) else 1
    schema, table, _ = qualified(statement, at)
    return Index(name, schema, table, or_keep)


def qualified(statement: Statement, at: int) -> tuple[str | None, str, int]:
    """The schema (if one is written) and the name at a token, and the token behind it."""
    found = statement.tokens
    if at >= len(found):
        return None, "", at
    if at + 2 < len(found) and found[at + 1].text == ".":
        return found[at].named(), found[at + 2].named(), at + 3
    return None, found[at].named(), at + 1


def drops_indexes(statement: Statement) -> tuple[tuple[str | None, str], ...]:
    """The indexes of a DROP INDEX CONCURRENTLY, each with its schema."""
    words = statement.words
    if words[:3] != ("DROP", "INDEX", "CONCURRENTLY"):
        return ()
    at, found = 5 if words[3:5] == ("IF", "EXISTS") else 3, []
    while at < len(words):
        schema, name, at = qualified(statement, at)
        found.append((schema, name))
        if words[at : at + 1] != (",",):
            break
        at += 1
    return tuple(found)


def kind_of(statement: Statement) -> str:
    """A few words for a person: `CREATE INDEX CONCURRENTLY orders_at`, cut to one line."""
    text = " ".join(statement.text.split())
    return text if len(text) <= 70 else f"{text[:69]}…"
