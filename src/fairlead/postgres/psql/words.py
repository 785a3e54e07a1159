"""How statements are written for psql: its variables, what it must not take for one, and how a script refuses. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.postgres.connection import milliseconds
from fairlead.postgres.statements import Statement
from fairlead.postgres.tokens import Token
from fairlead.project.stack_rights import Rights
from fairlead.render.stores.sql import literal, quoted

BACK = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\n"
"""The history is written by who connected, also where a file took another role."""


@dataclass(frozen=True, slots=True)
class About:
    """What the scripts of a database have to know of it. Times are seconds."""

    database: str
    schema: str | None  #: of the history; None: the first one of the search path
    table: str
    out_of_order: bool = False
    lock_timeout: float = 0.5
    statement_timeout: float = 300.0
    rights: Rights | None = None  #: who may do what in it, where it names who uses it

    @property
    def history(self) -> str:
        """Flyway's table, as SQL for psql has it."""
        return f':"fairlead_schema".{quoted(self.table)}'

    @property
    def ours(self) -> str:
        """The table beside it."""
        return f':"fairlead_schema".{quoted(f"{self.table}_fairlead")}'


def limits(lock: float, statement: float) -> str:
    """How long a statement may wait for locks, and take; 0 is no limit."""
    return f"SET lock_timeout = {milliseconds(lock)};\nSET statement_timeout = {milliseconds(statement)};\n"


def plain(statement: Statement) -> str:
    """Its text, so that psql finds no variable of its own in it: of `a[1:n]` it would take `:n` for one."""
    found, at, before = "", 0, Token("mark", "", -1, -1)
    for token in statement.tokens:
        found += statement.text[at : token.end]
        at = token.end
        beside = token.start == before.end and before.text == ":"
        if token.text == ":" and not beside and statement.text[at : at + 1] not in (":", "=", " "):
            found += " "
        before = token
    return found + statement.text[at:]


def written(statement: Statement) -> str:
    """As psql sends it: with its end, and the rows of a COPY behind it."""
    return f"{plain(statement)};\n" + (f"{statement.data}\\.\n" if statement.data is not None else "")


def asked(name: str, query: str) -> str:
    """A variable that is the answer."""
    return f"SELECT ({query}) AS {name} \\gset\n"


def when(name: str, body: str, otherwise: str = "") -> str:
    """A part that is run where a variable is true."""
    return f"\\if :{name}\n{body}" + (f"\\else\n{otherwise}" if otherwise else "") + "\\endif\n"


def refusal(message: str) -> str:
    """The script ends with an error. `message` is an expression of SQL."""
    return (
        f"SELECT set_config('fairlead.refused', {message}, false) AS fairlead_refused \\gset\n"
        "DO $fairlead$ BEGIN RAISE EXCEPTION USING MESSAGE = current_setting('fairlead.refused'); END $fairlead$;\n"
    )


def refused_unless(name: str, message: str) -> str:
    """The same where a variable is false."""
    return when(name, "", refusal(message))


def array(texts: tuple[str, ...]) -> str:
    """An array of texts."""
    return f"ARRAY[{', '.join(map(literal, texts))}]::text[]"
