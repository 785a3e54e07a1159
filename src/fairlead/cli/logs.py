"""`fairlead logs`: what the instances write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fairlead.cli.moment import Moment
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.logs import LogLine

COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")


@verb(
    "fairlead logs production",
    "fairlead logs production web --follow",
    "fairlead logs production edge --lines 50",
    "fairlead logs production web worker --since 10m",
    name="logs",
    stream=True,
)
@environment()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("-f", "--follow", is_flag=True, help="Go on with whatever comes, from new instances too.")
@click.option(
    "-n",
    "--lines",
    "--tail",
    type=click.IntRange(min=0),
    help="Lines of each instance (default: 20; with --since all).",
)
@click.option(
    "--since",
    type=Moment(),
    metavar="WHEN",
    help="What was written since: so long ago (10m, 1h30m, 2d), today, or a time (2026-01-31T20:00:00Z).",
)
def command(
    session: Session, environment: str, services: tuple[str, ...], follow: bool, lines: int | None, since: str | None
) -> None:  # fmt: skip
    """Show what the instances of ENV write, each line behind its instance. Rotated logs are followed too.

    `edge` and `keeper` are the logs of Fairlead's own parts, shown when they are named. Lines of plain processes have
    no time of their own: what they wrote in the minute before --since may come along.
    """
    from fairlead.operations.logs import Logs, Wanted, read_logs  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.since import instant  # noqa: PLC0415

    logs = Logs(session.place(environment), services)
    logs.require()
    try:
        want = Wanted(lines, instant(since, datetime.now().astimezone()) if since else None)
        show(session, read_logs(logs, want, follow))
    except KeyboardInterrupt:  # the way a follower ends
        click.get_current_context().exit(130)


def show(session: Session, lines: Iterable[LogLine]) -> None:
    """Each behind the name of its instance, one colour per instance."""
    colours: dict[str, str] = {}
    for line in lines:
        release, _, name = line.instance.partition(".")
        name = f"{name} {release[:6]}" if name else release
        colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
        data = {"instance": line.instance, "text": line.text}
        session.answer(data, f"{click.style(f'{name:<16}|', fg=colour)} {line.text}")
