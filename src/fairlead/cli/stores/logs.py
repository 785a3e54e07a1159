"""`fairlead stores logs`."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead stores logs production db", "fairlead stores logs production db --lines 200", name="logs",
      short="What a store writes.")  # fmt: skip
@environment()
@click.argument("store", metavar="STORE")
@click.option("--lines", "-n", type=click.IntRange(1, 10_000), default=50, help="How many (default: 50).")
def command(session: Session, environment: str, store: str, lines: int) -> None:
    """Print the last lines that a store of ENV wrote. What is known to be secret is masked."""
    from fairlead.operations.stores.look import log_tail  # noqa: PLC0415 — start-up is part of the product

    text = log_tail(session.place(environment), store, lines)
    session.answer({"environment": environment, "store": store, "log": text}, text.rstrip("\n"))
