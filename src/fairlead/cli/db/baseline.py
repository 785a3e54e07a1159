"""`fairlead db baseline`."""

from __future__ import annotations

import click

from fairlead.cli.db.common import (
    chosen_databases,
    databases,
    lock_wait,
    plan_option,
    show_moved,
    show_plans,
    telling,
    version_of,
)
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError


@verb("fairlead db baseline production shop --version 12", name="baseline")
@environment()
@databases
@click.option("--version", required=True, metavar="VERSION", help="The newest version that is there already.")
@click.option("--description", default="<< Flyway Baseline >>", metavar="TEXT", help="What the row says.")
@lock_wait
@plan_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], version: str, description: str, wait: float,
    only_plan: bool,
) -> None:  # fmt: skip
    """Begin the history of a database that has its tables already: all versions up to VERSION count as applied.

    Refused where versions were applied.
    """
    from fairlead.operations.db import mend  # noqa: PLC0415 — start-up is part of the product

    wanted = version_of(version)
    if wanted is None:
        raise UsageError("no version was given", "such as --version 12")
    some = chosen_databases(session, environment, databases)
    if only_plan:
        show_plans(session, environment, mend.plan_of_baseline(some, wanted, description))
    else:
        show_moved(session, environment, mend.baseline(some, wanted, description, wait, telling()))
