"""`fairlead db takeover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green, tell, yellow
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.postgres.lock import Holder


@verb("fairlead db takeover production shop", name="takeover")
@environment()
@click.argument("database", metavar="DATABASE")
@yes_option
def command(session: Session, environment: str, database: str, yes: bool) -> None:
    """Show who holds the lock of migrators of a database of ENV, and end that session when you say so.

    For a migrator that hangs, here or on another host. What it has not committed is taken back; a file that
    runs statement by statement goes on where it was with the next `fairlead db migrate`.
    """
    from fairlead.operations.sessions.takeover import takeover  # noqa: PLC0415 — start-up is part of the product

    def agree(holder: Holder) -> None:
        tell(f"{yellow('!')} {holder.text}")
        session.confirm("end it?", yes)

    project = session.project()
    found = takeover(project.outline(environment), project.root, database, agree)
    text = f"{green('✓')} ended: {found.text}" if found else "nobody holds the lock"
    session.answer({"environment": environment, "database": database, "ended": found.text if found else None}, text)
