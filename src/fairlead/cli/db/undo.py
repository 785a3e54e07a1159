"""`fairlead db undo`."""

from __future__ import annotations

import click

from fairlead.cli.db.common import (
    chosen_databases,
    databases,
    keep_of,
    lock_wait,
    plan_option,
    proof_line,
    show_moved,
    show_plans,
    snapshot_option,
    telling,
    version_of,
)
from fairlead.cli.session import Session, tell
from fairlead.cli.verb import environment, verb, yes_option
from fairlead.errors import Refused


@verb("fairlead db undo production shop", "fairlead db undo production shop --to 6", name="undo")
@environment()
@databases
@click.option("--to", metavar="VERSION", help="Every version above this one; 0 is all. Without it: the last one.")
@lock_wait
@snapshot_option
@plan_option
@yes_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], to: str | None, wait: float,
    yes: bool, **given: bool,
) -> None:  # fmt: skip
    """Run the U files of the newest versions of ENV's databases, the newest first. They are pending again then.

    Refused when one of them has no U file. What users wrote since may be lost with it: that is said before, as far as
    `fairlead db prove` has shown it. Where nobody can be asked, what is not known to lose nothing needs --yes.
    """
    from fairlead.operations.by_hand import undo_by_hand  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.db.migrate import plan_of_undo  # noqa: PLC0415
    from fairlead.operations.trials.prove import known  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    some, target = chosen_databases(session, environment, databases), version_of(to)
    plans, only_plan = plan_of_undo(some, target, 1), given["only_plan"]
    costs = known(session.project().outline(environment), some, plans)
    if only_plan:
        show_plans(session, environment, plans, costs)
        return
    names = ", ".join(step.script for one in plans for step in one.plan.steps if step.act == "undo")
    if names:
        tell("\n".join(map(proof_line, costs)))
        if not (yes or session.asks) and (bad := [one for one in costs if one.kind.value != "lossless"]):
            what = f"nobody can be asked, and an undo of {', '.join(one.version for one in bad)} may lose something"
            raise Refused(what, "say --yes, or show that it loses nothing: fairlead db prove")
        session.confirm(f"Run {names} on {environment}?", yes)
    place, keep = Place.of(session.project().name, environment), keep_of(session, environment, given["no_snapshot"])
    show_moved(session, environment, undo_by_hand(place, some, target, 1, wait, telling(), keep))
