"""`fairlead stores logs`."""

from __future__ import annotations

from datetime import datetime

import click

from fairlead.cli.moment import Moment
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead stores logs production db", "fairlead stores logs production db --lines 200",
      "fairlead stores logs production db --since 10m", name="logs", short="What a store writes.")  # fmt: skip
@environment()
@click.argument("store", metavar="STORE")
@click.option("--lines", "-n", type=click.IntRange(1, 10_000), help="How many (default: 50; with --since all).")
@click.option(
    "--since",
    type=Moment(),
    metavar="WHEN",
    help="What was written since: so long ago (10m, 1h30m, 2d), today, or a time (2026-01-31T20:00:00Z).",
)
def command(session: Session, environment: str, store: str, lines: int | None, since: str | None) -> None:
    """Print the last lines that a store of ENV wrote. What is known to be secret is masked.

    Fairlead keeps no times of the lines of plain processes: what they wrote in the minute before --since may come
    along.
    """
    from fairlead.operations.since import instant  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.stores.look import log_tail  # noqa: PLC0415

    moment = instant(since, datetime.now().astimezone()) if since else None
    text = log_tail(session.place(environment), store, lines, moment)
    session.answer({"environment": environment, "store": store, "log": text}, text.rstrip("\n"))
