"""`fairlead db dry-run`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fairlead.cli.db.common import asked_options, chosen_databases, databases, version_of
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.db.plan import Planned, Script, Written


@verb("fairlead db dry-run production shop", name="dry-run", short="The statements that migrate would send.")
@environment()
@databases
@asked_options
def command(session: Session, environment: str, databases: tuple[str, ...], contract: bool, target: str | None) -> None:
    """Print the statements that `fairlead db migrate ENV` would send, as SQL, with placeholders filled in.

    Comments say where transactions begin and end, which limits hold, and what each statement locks as far as its words
    tell. What a function or a DO block does inside is not seen. Nothing is sent.
    """
    from fairlead.operations.db.plan import Asked, dry_run  # noqa: PLC0415 — start-up is part of the product

    asked = Asked(contract, version_of(target))
    found = dry_run(chosen_databases(session, environment, databases), asked)
    data = [
        {"database": made.database, "address": made.address, "files": [asdict(one) for one in scripts]}
        for made, scripts in found
    ]
    text = "\n\n".join(_text(made, scripts) for made, scripts in found)
    session.answer({"environment": environment, "databases": data}, text)


def _text(made: Planned, scripts: tuple[Script, ...]) -> str:
    head = f"-- {made.database} {made.address}: {'nothing to do' if not scripts else ''}".rstrip(": ")
    return "\n".join([head, *map(_script, scripts)])


def _script(one: Script) -> str:
    if not one.statements:
        return f"-- {one.act} {one.script or 'the history'}".rstrip()
    limits = f"lock_timeout {one.lock_timeout:g} s, statement_timeout {one.statement_timeout:g} s"
    lines = [f"-- {one.act} {one.script} ({limits})"]
    whole = one.mode == "transaction"
    lines += ["BEGIN;"] if whole else []
    lines += [_written(statement, whole) for statement in one.statements]
    return "\n".join([*lines, *(["-- and its row in the history\nCOMMIT;"] if whole else ["-- its row is now done"])])


def _written(one: Written, whole: bool) -> str:
    notes = [one.lock] if one.lock else []
    notes += [] if whole else ["outside of a transaction" if one.alone else "a transaction of its own"]
    return (f"-- {'; '.join(notes)}\n" if notes else "") + f"{one.text};"
