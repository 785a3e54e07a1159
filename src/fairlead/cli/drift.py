"""`fairlead drift`: whether what runs is what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green, red, yellow
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.operations.drift.look import Drift


@verb("fairlead drift production", "fairlead drift production --fix", name="drift")
@environment()
@click.option("--fix", is_flag=True, help="Show what would mend it, and do that once it is confirmed.")
@yes_option
def command(session: Session, environment: str, fix: bool, yes: bool) -> None:
    """Compare what runs in ENV with its live release: programs, variables, images, mounts, networks, traffic, stores.

    Also what stands beside: the parts of the edge, the keeper, and who else is in networks of ENV. What only a person
    should touch (a store that was changed, somebody else's container) is told with what to do.

    Values of variables are compared and never shown. The exit code is 1 when something differs.
    """
    from fairlead.operations.drift.look import drift  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.drift.mend import mend  # noqa: PLC0415

    place = session.place(environment)
    found = drift(place)
    if fix and found.acts:
        if not session.json:
            click.echo(shown(found), err=True)
        session.confirm("Do that?", yes)
        found = mend(place)
        left = drift(place)
        session.answer(left.data() | {"done": [str(act) for act in found.acts]}, _mended(found, left))
        click.get_current_context().exit(1 if left.deviations else 0)
    session.answer(found.data(), shown(found))
    click.get_current_context().exit(1 if found.deviations else 0)


def shown(found: Drift) -> str:
    """For a person."""
    if found.stopped:
        return f"{found.environment} is stopped, and not looked at; `fairlead up {found.environment}` brings it back"
    if not found.deviations:
        what = f"{found.release} runs as it was deployed" if found.release else "nothing is live"
        return f"{green('✓')} {found.environment}: {what}"
    lines = [f"{red('!')} {one}{yellow(f'  ({one.remedy})') if one.remedy else ''}" for one in found.deviations]
    acts = [f"  {act}" for act in found.acts]
    how = [yellow(f"`fairlead drift {found.environment} --fix` would, one after the other:"), *acts] if acts else []
    return "\n".join([*lines, *how])


def _mended(found: Drift, left: Drift) -> str:
    return "\n".join([*(f"{green('✓')} {act}" for act in found.acts), shown(left)])
