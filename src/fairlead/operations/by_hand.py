"""`db migrate`: a person moves schemas outside of a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.errors import Busy, FairleadError, Refused
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.operations.contract import alone, note_killed
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.migrate import Moved, migrate
from fairlead.operations.db.opened import WAIT
from fairlead.operations.db.plan import Asked, plan
from fairlead.operations.schema.waits import BEGUN, DONE, FAILED
from fairlead.postgres.events import Emit, Event, silent
from fairlead.rollout.schema import APPLIED
from fairlead.rollout.state import read_state
from fairlead.system.home import Place


def by_hand(
    place: Place, some: Sequence[Database], asked: Asked | None = None, wait: float = WAIT, emit: Emit = silent
) -> tuple[Moved, ...]:
    """The same as `migrate`. What is to run of contract folders is in the ledger before it does, where something was
    ever deployed, and so is what came of it: nobody goes back behind it unawares, the keeper least of all, also when
    this process was killed.
    """
    how = asked or Asked()
    if not how.contract or not place.exists():
        return migrate(some, how, wait, emit)
    with alone(place, wait, lambda text: emit(Event("wait", text))):
        held = {one.database: [file.script for file in one.plan.files() if file.contract] for one in plan(some, how)}
        held = {name: scripts for name, scripts in held.items() if scripts}
        if not held:
            return migrate(some, how, wait, emit)
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            note_killed(ledger)
            facts: dict[str, object] = {"release": read_state(ledger).live or "", "files": ""}
            ledger.append(BEGUN, {**facts, "databases": held})
        try:
            moved = migrate(some, how, wait, emit)
        except FairleadError as error:
            there = {} if isinstance(error, (Refused, Busy)) else held  # these come before anything is touched
            _write(place, [(FAILED, {**facts, "reason": concealed(error.message), "databases": there}, None)])
            raise
        _note(place, facts, held, moved)
    return moved


def _write(place: Place, entries: Sequence[tuple[str, dict[str, object], None]]) -> None:
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        ledger.append_many(entries)


def _note(place: Place, facts: dict[str, object], held: dict[str, list[str]], moved: Sequence[Moved]) -> None:
    """What ran, and of what failed what may be there in part."""
    ran: list[dict[str, object]] = [
        {"database": one.database, "script": script, "contract": True} for one in moved for script in one.contract
    ]
    failed = next((one for one in moved if one.error), None)
    end = {**facts, "scripts": [one["script"] for one in ran], "databases": held}
    if failed is not None:
        left = [script for script in held.get(failed.database, ()) if script not in failed.contract]
        end = {**facts, "reason": concealed(str(failed.error)), "databases": {failed.database: left} if left else {}}
    _write(place, [*((APPLIED, one, None) for one in ran), (FAILED if failed else DONE, end, None)])
