"""`backup adopt`: from now on this machine makes the backups there, whoever made them before."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.backups.claim import Unreadable, whose
from fairlead.operations.backups.arrangement import ADOPTED, Arrangement


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken over of one store."""

    store: str
    to: str
    before: str  #: whose they are, in words; empty: nobody's
    ours: bool  #: they are this machine's already


def looked(one: Arrangement) -> Taken:
    """What there is. Nothing is changed. FairleadError where nobody can look."""
    claim = one.claim
    try:
        found = claim.mark()
    except Unreadable as error:
        return Taken(one.store.name, one.catalogue.where.shown, error.message, False)
    ours = found is not None and found.machine.same(claim.mine)
    before = whose(found, claim.mine) if found and not ours else ""
    return Taken(one.store.name, one.catalogue.where.shown, before, ours)


def adopt(one: Arrangement) -> Taken:
    """Make them this machine's, also where there are none yet. Unreachable, Busy."""
    with one.held("fairlead backup adopt"):
        taken = looked(one)
        if not taken.ours:
            one.claim.write()
            one.note(ADOPTED, {"to": taken.to, "before": taken.before})
        return taken
