"""`fairlead db undo`."""

from __future__ import annotations

import click

from fairlead.cli.db.common import (
    chosen_databases,
    databases,
    lock_wait,
    plan_option,
    proof_line,
    show_moved,
    show_plans,
    telling,
    version_of,
)
from fairlead.cli.session import Session, tell
from fairlead.cli.verb import environment, verb, yes_option


@verb("fairlead db undo production shop", "fairlead db undo production shop --to 6", name="undo")
@environment()
@databases
@click.option("--to", metavar="VERSION", help="Every version above this one; 0 is all. Without it: the last one.")
@lock_wait
@plan_option
@yes_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], to: str | None, wait: float,
    only_plan: bool, yes: bool,
) -> None:  # fmt: skip
    """Run the U files of the newest versions of ENV's databases, the newest first. They are pending again then.

    Refused when one of them has no U file. What users wrote since may be lost with it: --plan says what, as far as
    `fairlead db prove` has shown it before.
    """
    from fairlead.operations.db.migrate import plan_of_undo, undo  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.trials.prove import known  # noqa: PLC0415

    some, target = chosen_databases(session, environment, databases), version_of(to)
    plans = plan_of_undo(some, target, 1)
    if only_plan or session.asks:
        costs = known(session.project().outline(environment), some, plans)
    if only_plan:
        show_plans(session, environment, plans, costs)
        return
    names = ", ".join(step.script for one in plans for step in one.plan.steps if step.act == "undo")
    if names and session.asks:
        tell("\n".join(map(proof_line, costs)))
    if names:
        session.confirm(f"Run {names} on {environment}?", yes)
    show_moved(session, environment, undo(some, target, 1, wait, telling()))
