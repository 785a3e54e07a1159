"""What PostgreSQL said, in words: where in which file, why, and what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.postgres.statements import Statement
from fairlead.postgres.tokens import Lines

if TYPE_CHECKING:
    import psycopg

LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION = "55P03", "40P01", "40001"
TRY_AGAIN = frozenset({LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION})
SHUT_DOWN = frozenset({"57P01", "57P02", "57P03"})  #: the server ends, or somebody ended our session
CANCELLED = "57014"  #: by statement_timeout, or by a person

ROWS = ("22", "23")
"""Classes of errors that are about values: what PostgreSQL says of these has rows of users in it, and what we say is
kept: in the ledger, in logs of CI, in messages to a team. Its own log has all of it."""
_VALUE = re.compile(r'(: )"(?s:.*)"$')

HINTS = {
    LOCK_NOT_AVAILABLE: "see who holds the table; end that, or migrate at a quieter time",
    CANCELLED: "it took longer than statement_timeout; make it smaller, or set `statement_timeout` under `migrate`",
    "55P04": "a new value of an enum cannot be used before it is committed; put its use into the next file",
    "42501": "the user of the url may not do that",
}


class MigrationFailed(FairleadError):
    """A statement failed; nothing of its transaction is left. `script` is the file."""

    def __init__(self, message: str, hint: str | None, script: str) -> None:
        super().__init__(message, hint)
        self.script = script


def failure(error: psycopg.Error, shown: str, statement: Statement | None, lost: bool) -> MigrationFailed:
    """The error of a statement of a file; `lost`: the connection is gone."""
    if lost or error.sqlstate in SHUT_DOWN:
        what = f"{shown}: the connection was lost while it ran"
        hint = "what was committed is in the history, the rest is not there; migrate again and it goes on"
        return MigrationFailed(what, hint, shown)
    diagnostic = error.diag
    where = place(shown, statement, diagnostic.statement_position)
    said, detail = said_of(error)
    hint = HINTS.get(error.sqlstate or "") or diagnostic.message_hint or "correct the file and migrate again"
    return MigrationFailed(f"{where}: {said}{detail}", hint.rstrip("."), shown)


def said_of(error: psycopg.Error) -> tuple[str, str]:
    """What PostgreSQL says, and its detail in brackets; of errors about values without the values."""
    said = (error.diag.message_primary or str(error).strip().splitlines()[0]).rstrip(".")
    if (error.sqlstate or "").startswith(ROWS):
        return _VALUE.sub(r"\1…", said), ""
    return said, f" ({error.diag.message_detail.rstrip('.')})" if error.diag.message_detail else ""


def place(shown: str, statement: Statement | None, position: Any = None) -> str:
    """`file:line:column` of a statement, or of the character in it that PostgreSQL named (counted from 1)."""
    if statement is None:
        return shown
    line, column = statement.line, statement.column
    if position is not None and 0 < int(position) <= len(statement.text):
        down, right = Lines(statement.text).place(int(position) - 1)
        line, column = line + down - 1, right if down > 1 else column + right - 1
    return f"{shown}:{line}:{column}"
