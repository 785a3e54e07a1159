"""`db migrate`: a person moves schemas outside of a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.ledger import Ledger
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.migrate import Moved, migrate
from fairlead.operations.db.opened import WAIT
from fairlead.operations.db.plan import Asked
from fairlead.postgres.events import Emit, silent
from fairlead.rollout.schema import APPLIED
from fairlead.system.home import Place


def by_hand(
    place: Place, some: Sequence[Database], asked: Asked | None = None, wait: float = WAIT, emit: Emit = silent
) -> tuple[Moved, ...]:
    """The same as `migrate`. What ran of contract folders is in the ledger then, where something was ever deployed:
    nobody goes back behind it unawares, the keeper least of all.
    """
    moved = migrate(some, asked, wait, emit)
    data = [{"database": one.database, "script": script, "contract": True} for one in moved for script in one.contract]
    if data and place.exists():
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            ledger.append_many([(APPLIED, one, None) for one in data])
    return moved
