"""`fairlead db repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.db.common import (
    chosen_databases,
    databases,
    lock_wait,
    plan_option,
    show_moved,
    show_plans,
    telling,
)
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.operations.db.mend import Assume


@verb("fairlead db repair production shop --plan", "fairlead db repair production shop", name="repair")
@environment()
@databases
@click.option("--assume", type=click.Choice(["done", "not-done"]),
              help="Of a statement that was begun before a crash, and of which nobody knows.")  # fmt: skip
@lock_wait
@plan_option
@yes_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], assume: Assume | None, wait: float,
    only_plan: bool, yes: bool,
) -> None:  # fmt: skip
    """Make the history of ENV's databases agree with the files. What is in the databases stays as it is.

    Rows of runs that failed go, files that are gone are noted as deleted, and rows take over the checksum and the
    description of their files. What was undone, and what is newer than every file, is left alone.
    """
    from fairlead.operations.db import mend  # noqa: PLC0415 — start-up is part of the product

    some = chosen_databases(session, environment, databases)
    if assume:
        settled = mend.settle(some, assume, wait, telling())
        session.answer({"environment": environment, "settled": list(settled)}, f"{', '.join(settled)}: {assume}")
        return
    plans = mend.plan_of_repair(some)
    if only_plan or not any(one.plan.steps for one in plans):
        show_plans(session, environment, plans)
        return
    number = sum(len(one.plan.steps) for one in plans)
    session.confirm(f"Change {number} rows of the history of {environment}? (--plan shows them)", yes)
    show_moved(session, environment, mend.repair(some, wait, telling()))
