"""`fairlead db isolation`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fairlead.cli.db.common import databases
from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import count
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.postgres.isolation.report import Report


@verb("fairlead db isolation production", name="isolation")
@environment()
@databases
def command(session: Session, environment: str, databases: tuple[str, ...]) -> None:
    """Log in as every role of ENV's databases and try what it must not do; look through the catalogue too.

    Everything that is tried is taken back. The exit code is 1 where a role can do what it must not.
    """
    from fairlead.operations.db.isolation import isolation  # noqa: PLC0415 — start-up is part of the product

    found = isolation(session.project(), environment, databases)
    data = {"environment": environment, "ok": all(one.ok for one in found), "databases": [_data(one) for one in found]}
    session.answer(data, "\n".join(map(_text, found)) or "no database names who uses it")
    failing(all(one.ok for one in found))


def _data(one: Report) -> dict[str, Any]:
    return {
        "database": one.database, "address": one.address, "ok": one.ok, "tried": one.tried,
        "breaches": [asdict(breach) for breach in one.breaches], "notes": list(one.notes),
    }  # fmt: skip


def _text(one: Report) -> str:
    head = f"{green('✓') if one.ok else red('✗')} {one.database} {dim(one.address)}: {count(one.tried, 'attempt')}, "
    head += count(len(one.breaches), "thing") + " that must not be" if one.breaches else "nothing that must not be"
    lines = [f"  {red('✗')} {breach.role}: {breach.what}" for breach in one.breaches]
    return "\n".join([head, *lines, *(f"  {dim('· ' + note)}" for note in one.notes)])
