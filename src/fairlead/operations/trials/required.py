"""What a deployment asks of rehearsals: `deploy.require.rehearsal`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.errors import Refused
from fairlead.operations.trials.rehearse import kept
from fairlead.postgres.files import Migration
from fairlead.postgres.rehearsal import prints, rehearsal_of, unfit
from fairlead.project.stack import Stack
from fairlead.system import clock
from fairlead.system.home import Place


def require_rehearsal(stack: Stack, database: str, pending: Sequence[Migration]) -> None:
    """Refused unless just these migrations were rehearsed, lately and well. Nothing is asked where none is pending."""
    if pending:
        _require(stack, database, prints(pending))


def require_rehearsed_job(stack: Stack, database: str, command: str, artifact: str) -> None:
    """The same of the command of another tool, with the artifact that it is of: what is pending only that knows."""
    _require(stack, database, ((command, artifact),))


def _require(stack: Stack, database: str, wanted: tuple[tuple[str, str], ...]) -> None:
    most = stack.require.rehearsal
    if most is None:
        return
    found = rehearsal_of(database, wanted, kept(Place.of(stack.project, stack.environment)))
    age = (clock.now() - datetime.fromisoformat(found.at)).total_seconds() if found else None
    if why := unfit(found, age, most):
        hint = f"fairlead db rehearse {stack.environment} {database}"
        raise Refused(f"{database}: {why}, and a deployment asks for that", hint)
