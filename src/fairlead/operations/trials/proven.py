"""Which of the pending files may be undone without asking anybody: by what was shown on copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairlead.operations.db.opened import Opened
from fairlead.postgres.files import Migration
from fairlead.postgres.plan import mode_of
from fairlead.postgres.undo_proof import Proof, UndoClass, proof_of
from fairlead.postgres.waivers import lossy_ok


def proven(one: Opened, files: Sequence[Migration], proofs: Iterable[Proof]) -> tuple[str, ...]:
    """Those at the end of them whose undo is known to lose nothing, at least as long as nobody writes into what they
    make; whether somebody has is asked when it comes to that. Or that may lose what it does, as its file says.
    """
    had, found = tuple(proofs), list[str]()
    for file in reversed(files):
        proof = proof_of(one.name, file.version, one.files, had) if file.version and file.kind == "versioned" else None
        if proof is None or not (_harmless(one, file, proof) or waived(_down(one, file), proof)):
            break
        found.insert(0, file.script)
    return tuple(found)


def waived(down: Migration | None, proof: Proof) -> bool:
    """Whether what it was shown to lose may be lost, as the file itself says."""
    return down is not None and proof.kind is UndoClass.LOSSY and not proof.doubts and lossy_ok(down)


def _harmless(one: Opened, file: Migration, proof: Proof) -> bool:
    return proof.kind is UndoClass.LOSSLESS or (proof.while_unwritten and _whole(one, file))


def _whole(one: Opened, file: Migration) -> bool:
    """Whether its undo is one transaction, so that nobody can write between a look and the undo."""
    down = _down(one, file)
    return down is not None and mode_of(down) == "transaction"


def _down(one: Opened, file: Migration) -> Migration | None:
    return one.files.undo_of(file.version) if file.version else None
