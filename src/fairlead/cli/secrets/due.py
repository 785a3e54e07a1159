"""`fairlead secrets due`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import at, duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.rotation.due import Schedule
    from fairlead.secrets.rotation.ages import Due


@verb("fairlead secrets due production", "fairlead secrets due production --json", name="due", short=VERBS["due"])
@environment()
def command(session: Session, environment: str) -> None:
    """Show which secrets of ENV are older than the project file lets them get, and which rotations are under way.

    The exit code is 1 when one is due. The age of a value counts from the deployment or the rotation that brought it.
    """
    from fairlead.operations.rotation.due import due  # noqa: PLC0415 — start-up is part of the product

    found = due(session.project(), environment)
    session.answer({"environment": environment, **found.to_data()}, _text(found))
    if found.due:
        click.get_current_context().exit(1)


def _text(found: Schedule) -> str:
    rows = [(one.secret, one.kind, f"every {duration(one.every)}", _since(one), _when(one)) for one in found.secrets]
    lines = [table(rows, ("secret", "rotation", "schedule", "since", ""))] if rows else ["no secret has a schedule"]
    for one in found.under_way:
        what = "is being undone" if one.undoing else f"next: {one.next}"
        lines.append(f"under way: {one.secret}, {what}, in {duration(one.left)}")
    return "\n".join(lines)


def _since(one: Due) -> str:
    return at(one.since.isoformat()) if one.since else dim("not known yet")


def _when(one: Due) -> str:
    if one.left is None:
        return dim("known from the next deployment on")
    return red(f"due for {duration(-one.left)}") if one.due else green(f"due in {duration(one.left)}")
