"""`fairlead prune`: remove what is no longer needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.operations.prune import Unneeded

MEGA = 1 << 20


@verb("fairlead prune production --plan", "fairlead prune production --keep 1 --yes", name="prune")
@environment()
@click.option("--plan", is_flag=True, help="Show what would go, remove nothing.")
@click.option("--keep", type=click.IntRange(min=0), help="How many releases stay (default: as the live one says).")
@yes_option
def command(session: Session, environment: str, plan: bool, keep: int | None, yes: bool) -> None:
    """Remove releases, artifacts and images of ENV that nothing needs: no release that is live, warm or a way back.

    It is done after each deployment by itself; this is for the time between, and for fewer than are usually kept.
    Volumes and whatever else keeps data are never among it.
    """
    from fairlead.operations import prune as operation  # noqa: PLC0415 — start-up is part of the product

    place = session.place(environment)
    found = operation.prune_plan(place, keep)
    if found and not plan:
        if not session.json:
            click.echo(shown(found), err=True)
        session.confirm("Remove that?", yes)
        found = operation.prune(place, keep)
    told = "would go" if plan else "gone"
    text = shown(found) + f"\n{green('✓')} {told}: {sum(one.size for one in found) / MEGA:.1f} MB"
    data = {"environment": environment, "removed": not plan, "items": [one.data() for one in found]}
    session.answer(data, text if found else "nothing is unneeded")


def shown(found: tuple[Unneeded, ...]) -> str:
    """For a person."""
    return table([(one.kind, one.name, f"{one.size / MEGA:.1f} MB") for one in found], ("what", "name", "size"))
