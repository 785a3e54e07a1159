"""An undo that nobody asked for must lose nothing: looked at in its own transaction, with the tables locked.

Users wait behind these locks, so the look is short: what is too large for it is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.operations.db.opened import Opened
from fairlead.operations.trials.prove import kept
from fairlead.operations.trials.proven import waived
from fairlead.postgres.connection import milliseconds
from fairlead.postgres.plan import Step
from fairlead.postgres.undo_proof import Loss, Proof, UndoClass, proof_of, settled
from fairlead.postgres.written import written
from fairlead.system.home import Place

LOOK = 2.0  #: seconds that one look may take


def unwritten(one: Opened, place: Place) -> Callable[[Step], None]:
    """What raises FairleadError before a version is undone whose undo is not, or no longer, without a loss."""
    had = kept(place)

    def guard(step: Step) -> None:
        if step.act != "undo" or step.row is None or step.row.version is None:
            return
        proof = proof_of(one.name, step.row.version, one.files, had)
        if waived(step.migration, proof):
            return
        now = settled(proof, _looked(one, step, proof))
        if now.kind is not UndoClass.LOSSLESS:
            raise FairleadError(f"{step.script} would lose something: {now.why or now.kind.value}")

    return guard


def _locking(loss: Loss) -> str:
    """The name is quoted by the proof. A sequence has no LOCK: a change that changes nothing keeps others from it."""
    if loss.sequence:
        return f"ALTER SEQUENCE {loss.table} OWNED BY NONE"
    return f"LOCK TABLE {loss.table} IN ACCESS EXCLUSIVE MODE"


def _looked(one: Opened, step: Step, proof: Proof) -> tuple[Loss, ...]:
    """Into which of its losses somebody has written. FairleadError when that cannot be told."""
    from psycopg.errors import QueryCanceled  # noqa: PLC0415 — an extra

    some = [loss for loss in proof.losses if loss.kind == "written"]
    tables = sorted({loss.table for loss in some})
    if tables and step.mode != "transaction":
        raise FairleadError(f"{step.script} runs in no transaction, so somebody may write while it does")
    limit = one.database.settings.statement_timeout
    try:
        for statement in sorted({_locking(loss) for loss in some}):
            one.connection.execute(statement.encode())
        one.connection.execute(f"SET LOCAL statement_timeout = {milliseconds(LOOK)}".encode())
        found = written(one.connection, proof)
        one.connection.execute(f"SET LOCAL statement_timeout = {milliseconds(limit)}".encode())
    except QueryCanceled:
        what = f"whether somebody has written to {', '.join(tables)} takes longer to see than users can wait"
        raise FairleadError(f"{step.script}: {what}") from None
    return found
