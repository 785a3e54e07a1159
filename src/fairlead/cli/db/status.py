"""`fairlead db status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairlead.cli.db.common import chosen_databases, databases
from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.db.status import Status
    from fairlead.postgres.picture import Entry

COLOURS = {
    "pending": yellow, "outdated": yellow, "held": dim, "failed": red, "missing": red, "ignored": red,
    "applied": green, "applied out of order": green, "baseline": green,
}  # fmt: skip


@verb("fairlead db status production", "fairlead db status production shop", name="status")
@environment()
@databases
def command(session: Session, environment: str, databases: tuple[str, ...]) -> None:
    """Show the migrations of ENV's databases: what is applied, since when, and what is pending. Nothing is changed."""
    from fairlead.operations.db.status import status  # noqa: PLC0415 — start-up is part of the product

    found = status(chosen_databases(session, environment, databases))
    data = {"environment": environment, "databases": [_data(one) for one in found]}
    session.answer(data, "\n\n".join(map(_text, found)))


def _data(one: Status) -> dict[str, Any]:
    return {
        "database": one.database, "address": one.address, "history": one.history, "adopted": one.adopted,
        "version": str(one.picture.current) if one.picture.current else None,
        "pending": len(one.picture.pending), "migrations": [_entry(entry) for entry in one.picture.entries],
        "mistakes": [{"script": it.script, "message": it.message, "hint": it.hint} for it in one.picture.mistakes],
        "invalid_indexes": list(one.invalid), "migrating": one.holder,
    }  # fmt: skip


def _entry(one: Entry) -> dict[str, Any]:
    row = one.row
    return {
        "state": one.state.value, "version": str(one.version) if one.version else None,
        "description": one.description, "script": one.script, "rank": row.rank if row else None,
        "type": row.type if row else None, "installed_on": row.on.isoformat() if row and row.on else None,
        "installed_by": row.by if row else None, "ms": row.ms if row else None,
        "checksum": row.checksum if row else None,
        "file_checksum": one.migration.checksum if one.migration else None,
    }  # fmt: skip


def _text(one: Status) -> str:
    now = f"version {one.picture.current}" if one.picture.current else "no version yet" if one.history else "no history"
    head = f"{one.database} {dim(one.address)}: {now}, {len(one.picture.pending)} pending"
    rows = [_row(entry) for entry in one.picture.entries]
    lines = [head, table(rows, ("version", "description", "state", "applied", "by", "took"), indent=2) if rows else ""]
    lines += [f"  {red('✗')} {mistake.message}\n    {dim(mistake.hint)}" for mistake in one.picture.mistakes]
    lines += [f"  {yellow('!')} the index {index} is INVALID: build it again, or drop it" for index in one.invalid]
    if not one.adopted:
        lines.append(f"  {yellow('!')} Flyway made this history; look at it: fairlead db adopt --plan")
    if one.holder:
        lines.append(f"  {yellow('…')} being migrated by {one.holder}")
    return "\n".join(line for line in lines if line)


def _row(one: Entry) -> tuple[str, ...]:
    state = COLOURS.get(one.state.value, dim)(one.state.value)
    row = one.row
    if row is None:
        return str(one.version or "-"), one.description, state, "", "", ""
    on = f"{row.on:%Y-%m-%d %H:%M:%S}" if row.on else ""
    return str(one.version or "-"), one.description, state, on, row.by, f"{row.ms} ms"
