"""`fairlead secrets get`."""

from __future__ import annotations

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead secrets get production SMTP_PASSWORD", name="get", short=VERBS["get"])
@environment()
@click.argument("name")
def command(session: Session, environment: str, name: str) -> None:
    """Print the value of NAME in ENV, on standard output: the one command that does."""
    from fairlead.operations.secrets.values import get_value  # noqa: PLC0415 — start-up is part of the product

    value = get_value(session.project(), environment, name).reveal()
    session.hand_over({"environment": environment, "name": name, "value": value}, value)
