"""`fairlead rollback`: move an environment back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb, wait_option, yes_option

if TYPE_CHECKING:
    from fairlead.project.stack import RuntimeName
    from fairlead.system.home import Place


@verb("fairlead rollback production", "fairlead rollback production --to 3f2a9c", name="rollback", stream=True)
@environment()
@click.option("--to", "release", metavar="RELEASE", help="Which release; the beginning of its id is enough.")
@click.option("--message", "-m", default="", metavar="TEXT", help="Why; kept in the history.")
@click.option("--despite-contract", is_flag=True, help="Though files of a contract folder ran that it does not know.")
@yes_option
@wait_option
def command(
    session: Session, environment: str, release: str | None, message: str, despite_contract: bool, yes: bool,
    wait: float,
) -> None:  # fmt: skip
    """Move ENV to the release before, or to any that is kept.

    Inside the rollback window the old instances still run, and users are back within a second. The project file need
    not be right for it: the release knows its own configuration. Schemas of databases stay as they are.
    """
    from fairlead.cli.outcome import carried  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.rollback import rollback  # noqa: PLC0415

    place = session.place(environment)
    with carried(session, f"rolling {environment} back", place, lambda: _runtime(place)) as run:
        run(lambda emit: rollback(place, release, message, wait, emit, despite_contract))


def _runtime(place: Place) -> RuntimeName | None:
    from fairlead.operations.releases import live_runtime  # noqa: PLC0415 — only a terminal asks

    return live_runtime(place)
