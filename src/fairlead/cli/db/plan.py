"""`fairlead db plan`."""

from __future__ import annotations

from fairlead.cli.db.common import asked_options, chosen_databases, databases, show_plans, version_of
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead db plan production", name="plan")
@environment()
@databases
@asked_options
def command(session: Session, environment: str, databases: tuple[str, ...], contract: bool, target: str | None) -> None:
    """Show what `fairlead db migrate ENV` would do, step by step, and what is risky in it. Nothing is changed.

    Refused (exit code 3) where files and history do not agree.
    """
    from fairlead.operations.db.plan import Asked, plan  # noqa: PLC0415 — start-up is part of the product

    asked = Asked(contract, version_of(target))
    show_plans(session, environment, plan(chosen_databases(session, environment, databases), asked))
