"""`fairlead serve`: the keeper of one environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, tell
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.system.home import Place


@verb("fairlead serve production", "fairlead serve --project shop production", name="serve")
@environment()
@click.option("--project", metavar="NAME", help="The project's name, where its file is not at hand.")
@click.option("--supervised", is_flag=True, hidden=True, help="Said by supervisord, which started it.")
@click.option("--due", is_flag=True, hidden=True, help="Said by the keeper: do what the schedule of backups asks for.")
@click.option("--contract", is_flag=True, hidden=True, help="Said by the keeper: do what waits for the old release.")
def command(
    session: Session, environment: str, project: str | None, supervised: bool, due: bool, contract: bool
) -> None:
    """Look after ENV: end warm windows, recover what was interrupted, keep instances and edge well, make backups.

    Every deployment starts it under the environment's supervisor, so there is seldom a reason to call it.
    """
    from fairlead.server.keeper import serve  # noqa: PLC0415 — start-up is part of the product
    from fairlead.system.home import Place  # noqa: PLC0415

    for name in filter(None, (project, environment)):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise UsageError(f'"{name}" is not a name')
    place = Place.of(project, environment) if project else session.place(environment)
    if due or contract:
        _work(place, contract)
    else:
        serve(place, supervised)


def _work(place: Place, contract: bool) -> None:
    """What the keeper has another process do, which loads what that needs."""
    from fairlead.operations.backups.scheduled import work  # noqa: PLC0415 — the keeper stays small
    from fairlead.operations.contract import work as finish  # noqa: PLC0415

    (finish if contract else work)(place, lambda text: tell(f"→ {text}"))
