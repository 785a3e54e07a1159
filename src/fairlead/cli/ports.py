"""`fairlead ports`: what is declared, against what listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green, red
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.ports import Row


@verb("fairlead ports production", name="ports")
@environment()
def command(session: Session, environment: str) -> None:
    """Show every port of ENV as declared and as it is really taken, IPv4 and IPv6 apart.

    The exit code is 1 when something listens where it was not declared to, or does not where it was.
    """
    from fairlead.operations.ports import ports  # noqa: PLC0415 — start-up is part of the product

    rows = ports(session.place(environment))
    data = {"environment": environment, "ports": [row.data() for row in rows]}
    text = table([_row(row) for row in rows], ("who", "port", "declared", "IPv4", "IPv6", ""))
    session.answer(data, text if rows else "nothing listens")
    click.get_current_context().exit(1 if any(row.problem for row in rows) else 0)


def _row(row: Row) -> tuple[str, ...]:
    problem = red(row.problem) if row.problem else green("✓")
    return row.who, str(row.port), row.declared or "-", ", ".join(row.v4) or "-", ", ".join(row.v6) or "-", problem
