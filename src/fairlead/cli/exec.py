"""`fairlead exec`: a command beside an instance."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, project_option, verb


@verb(
    "fairlead exec production web -- python manage.py createsuperuser",
    "fairlead exec production worker --instance 2 -- env",
    name="exec",
)
@environment()
@click.argument("service")
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND...")
@project_option
@click.option("--instance", type=click.IntRange(min=1), help="The number of the instance (default: one that is well).")
def command(session: Session, environment: str, service: str, command: tuple[str, ...], instance: int | None) -> None:
    """Run COMMAND beside an instance of SERVICE in ENV: in its folder or container, with its variables and secrets.

    It runs on this terminal and its exit code is the exit code. Who ran what is written to the ledger, without the
    command's arguments.
    """
    from fairlead.operations.execute import execute  # noqa: PLC0415 — start-up is part of the product

    click.get_current_context().exit(execute(session.place(environment), service, command, instance))
