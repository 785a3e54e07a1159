"""`fairlead db connections`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, dim, yellow
from fairlead.cli.text import duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.sessions.connections import Connections

HEAD = ("database", "role", "service", "all", "active", "idle", "in transaction", "waiting", "longest", "of")


@verb("fairlead db connections production", "fairlead db connections production db --json", name="connections")
@environment()
@click.argument("stores", metavar="[STORE]...", nargs=-1)
def command(session: Session, environment: str, stores: tuple[str, ...]) -> None:
    """Show who has connections to ENV's PostgreSQL now, by role and service, against what there are.

    A connection that stands idle in a transaction, and a role that has nearly all it may have, are pointed out: a pool
    that gives nothing back, mostly. Of a server that somebody else runs you see what your role sees.
    """
    from fairlead.operations.sessions.connections import connections  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    found = connections(project.outline(environment), project.root, stores)
    session.answer({"environment": environment, "stores": list(map(_data, found))}, "\n".join(map(_text, found)))


def _data(one: Connections) -> dict[str, Any]:
    rows = [asdict(it) | {"service": one.services.get(it.role)} for it in one.sessions]
    return {"store": one.store, "most": one.most, "used": one.used, "sessions": rows, "findings": list(one.findings)}


def _text(one: Connections) -> str:
    rows = [
        (it.database, it.role, one.services.get(it.role, "-"), str(it.total), str(it.active), str(it.idle),
         str(it.in_transaction), str(it.waiting), duration(it.longest) if it.active else "-", str(it.limit or "-"))
        for it in one.sessions
    ]  # fmt: skip
    head = f"{one.store}: {one.used} of {one.most} connections"
    lines = [head, table(rows, HEAD, indent=2) if rows else dim("  nobody")]
    return "\n".join([*lines, *(f"  {yellow('!')} {text}" for text in one.findings)])
