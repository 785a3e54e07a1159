"""`fairlead db migrate`."""

from __future__ import annotations

from fairlead.cli.db.common import (
    asked_options,
    chosen_databases,
    databases,
    keep_of,
    lock_wait,
    plan_option,
    show_moved,
    show_plans,
    snapshot_option,
    telling,
    version_of,
)
from fairlead.cli.isolation_again import look_again
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead db migrate production", "fairlead db migrate production shop --target 7", name="migrate")
@environment()
@databases
@asked_options
@lock_wait
@snapshot_option
@plan_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], contract: bool, target: str | None, wait: float,
    **given: bool,
) -> None:  # fmt: skip
    """Run the pending migrations of ENV's databases, each file with its row in the history as one transaction.

    All databases are looked at before the first is touched. A file that fails leaves nothing; what ran before it stays.
    After a crash the same command goes on where it was.

    Before it begins it makes what a deployment makes: a restore point of each store, waited for where its log is kept,
    and a backup where the store has them. What ran is in the ledger, as of a deployment.
    """
    from fairlead.operations.by_hand import by_hand  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.db.isolation_again import MIGRATION  # noqa: PLC0415
    from fairlead.operations.db.plan import Asked, plan  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    asked = Asked(contract, version_of(target))
    some = chosen_databases(session, environment, databases)
    if given["only_plan"]:
        show_plans(session, environment, plan(some, asked))
    else:
        place, keep = Place.of(session.project().name, environment), keep_of(session, environment, given["no_snapshot"])
        moved = by_hand(place, some, asked, wait, telling(), keep)
        look_again(session, environment, MIGRATION, [one.database for one in moved if one.done])
        show_moved(session, environment, moved)
