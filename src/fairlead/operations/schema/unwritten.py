"""An undo that nobody asked for must lose nothing: looked at in its own transaction, with the tables locked."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.operations.db.opened import Opened
from fairlead.operations.trials.prove import kept
from fairlead.postgres.plan import Step
from fairlead.postgres.undo_proof import UndoClass, proof_of, settled
from fairlead.postgres.written import written
from fairlead.system.home import Place


def unwritten(one: Opened, place: Place) -> Callable[[Step], None]:
    """What raises FairleadError before a version is undone whose undo is not, or no longer, without a loss."""
    had = kept(place)

    def guard(step: Step) -> None:
        if step.act != "undo" or step.row is None or step.row.version is None:
            return
        proof = proof_of(one.name, step.row.version, one.files, had)
        for table in sorted({loss.table for loss in proof.losses if loss.kind == "written"}):
            one.connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())  # quoted by the proof
        now = settled(proof, written(one.connection, proof))
        if now.kind is not UndoClass.LOSSLESS:
            raise FairleadError(f"{step.script} would lose something: {now.why or now.kind.value}")

    return guard
