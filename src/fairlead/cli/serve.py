"""`fairlead serve`: the keeper of one environment."""

from __future__ import annotations

import re

import click

from fairlead.cli.session import Session, tell
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError


@verb("fairlead serve production", "fairlead serve --project shop production", name="serve")
@environment()
@click.option("--project", metavar="NAME", help="The project's name, where its file is not at hand.")
@click.option("--supervised", is_flag=True, hidden=True, help="Said by supervisord, which started it.")
@click.option("--due", is_flag=True, hidden=True, help="Said by the keeper: do what the schedule of backups asks for.")
def command(session: Session, environment: str, project: str | None, supervised: bool, due: bool) -> None:
    """Look after ENV: end warm windows, recover what was interrupted, keep instances and edge well, make backups.

    Every deployment starts it under the environment's supervisor, so there is seldom a reason to call it.
    """
    from fairlead.operations.backups.scheduled import work  # noqa: PLC0415 — start-up is part of the product
    from fairlead.server.keeper import serve  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    for name in filter(None, (project, environment)):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise UsageError(f'"{name}" is not a name')
    place = Place.of(project, environment) if project else session.place(environment)
    if due:
        work(place, lambda text: tell(f"→ {text}"))
    else:
        serve(place, supervised)
