"""`fairlead shell`: a shell beside an instance."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, project_option, verb

SHELL = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")


@verb("fairlead shell production web", name="shell")
@environment()
@click.argument("service")
@project_option
@click.option("--instance", type=click.IntRange(min=1), help="The number of the instance (default: one that is well).")
def command(session: Session, environment: str, service: str, instance: int | None) -> None:
    """Open a shell beside an instance of SERVICE in ENV: in its folder or container, with its variables and secrets.

    Who opened it is written to the ledger.
    """
    from fairlead.operations.execute import execute  # noqa: PLC0415 — start-up is part of the product

    click.get_current_context().exit(execute(session.place(environment), service, SHELL, instance))
