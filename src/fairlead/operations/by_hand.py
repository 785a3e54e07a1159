"""`db migrate` and `db undo`: a person moves schemas outside of a deployment, which is kept and written down as in one.

What ran is in the ledger, where something was ever deployed: so whoever goes back is told that the schema is newer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import Busy, FairleadError, Refused
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.operations.contract import alone, note_killed
from fairlead.operations.db.chosen import Database, database_of, declared
from fairlead.operations.db.migrate import Moved, migrate, refuse_errors, undo, undo_plan
from fairlead.operations.db.opened import WAIT, opened
from fairlead.operations.db.plan import Asked, planned
from fairlead.operations.schema.preflight import look
from fairlead.operations.schema.snapshot import snapshot
from fairlead.operations.schema.waits import BEGUN, DONE, FAILED
from fairlead.postgres.events import Emit, Event, silent
from fairlead.postgres.version import Version
from fairlead.project.stack import Stack
from fairlead.rollout.migrating import backup_of_before
from fairlead.rollout.schema import APPLIED, SNAPSHOT, UNDONE
from fairlead.rollout.state import read_state
from fairlead.system.home import Place

LABEL = "fairlead-by-hand"  #: how the names of restore points begin
Keep = Callable[[Sequence[str]], None]
"""Have what is kept before the schemas of these databases move. FairleadError."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """Of one database."""

    database: str
    scripts: tuple[str, ...]
    contract: tuple[str, ...]
    fresh: bool  #: nothing is in it yet


def by_hand(
    place: Place, some: Sequence[Database], asked: Asked | None = None, wait: float = WAIT, emit: Emit = silent,
    keep: Keep = lambda _: None,
) -> tuple[Moved, ...]:  # fmt: skip
    """The same as `migrate`. What is to run of contract folders is in the ledger before it does, where something was
    ever deployed, and so is what came of it: nobody goes back behind it unawares, the keeper least of all, also when
    this process was killed.
    """
    how = asked or Asked()
    there = place.exists()
    own = how.contract and there
    with alone(place, wait, lambda text: emit(Event("wait", text))) if own else nullcontext():
        found = _look(some, how)
        keep([one.database for one in found if one.scripts and not one.fresh])
        held = {one.database: list(one.contract) for one in found if one.contract}
        if own and held:
            return _contracting(place, some, how, wait, emit, held)
        return migrate(some, how, wait, emit, _noting(place, held) if there else None)


def undo_by_hand(
    place: Place, some: Sequence[Database], to: Version | None, steps: int, wait: float = WAIT, emit: Emit = silent,
    keep: Keep = lambda _: None,
) -> tuple[Moved, ...]:  # fmt: skip
    """The same as `undo`."""
    with opened(some) as databases:
        keep([one.name for one in databases if undo_plan(one, to, steps).steps])
    return undo(some, to, steps, wait, emit, _noting(place, {}, UNDONE) if place.exists() else None)


def keeping(stack: Stack, root: Path, place: Place, emit: Emit = silent, snapshots: bool = True) -> Keep:
    """A look at their servers; then a restore point of each store, and a backup where it has them. As before a
    deployment; without `snapshots` the look alone.
    """

    def keep(names: Sequence[str]) -> None:
        some = declared(stack, names) if names else []
        for store, one in some:
            with opened([database_of(stack, root, store, one, root)]) as (seen,):
                for text in look(stack, root, seen, planned(seen, Asked()).plan.files(), wait=True):
                    emit(Event("note", text))
        for store in {store.name: store for store, _ in some if snapshots}.values():
            mine = [(it, one) for it, one in some if it is store]
            had = _had(place, store.name) if store.backup else ""
            made = snapshot(stack, root, mine, LABEL, store.backup is not None and not had)
            made |= {"backup": had, "made": False} if had else {}
            for text in (*_kept(made), *made["notes"]):
                emit(Event("note", f"{store.name}: {text}"))
            if place.exists():
                _write(place, [(SNAPSHOT, {"store": store.name, **made}, None)])

    return keep


def _had(place: Place, store: str) -> str:
    if not place.exists():
        return ""
    with Ledger.read(place.ledger) as ledger:
        return backup_of_before(ledger, store)


def _kept(made: dict[str, object]) -> list[str]:
    point, backup = made.get("restore_point"), made.get("backup")
    return [f"restore point {point}"] * bool(point) + [f"backup {backup}"] * bool(backup)


def _look(some: Sequence[Database], how: Asked) -> list[_Pending]:
    """What is to run. Refused as `migrate` does."""
    found = []
    with opened(some) as databases:
        for one in databases:
            made = planned(one, how)
            refuse_errors(made)
            files = made.plan.files()
            late = tuple(file.script for file in files if file.contract)
            scripts = tuple(file.script for file in files)
            found.append(_Pending(one.name, scripts, late, not one.history.exists()))
    return found


def _contracting(
    place: Place, some: Sequence[Database], how: Asked, wait: float, emit: Emit, held: dict[str, list[str]]
) -> tuple[Moved, ...]:
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        note_killed(ledger)
        facts: dict[str, object] = {"release": read_state(ledger).live or "", "files": ""}
        ledger.append(BEGUN, {**facts, "databases": held})
    try:
        moved = migrate(some, how, wait, emit, _noting(place, held))
    except FairleadError as error:
        there = {} if isinstance(error, (Refused, Busy)) else held  # these come before anything is touched
        _write(place, [(FAILED, {**facts, "reason": concealed(error.message), "databases": there}, None)])
        raise
    _end(place, facts, held, moved)
    return moved


def _noting(place: Place, held: dict[str, list[str]], kind: str = APPLIED) -> Callable[[str, str, int], None]:
    """Writes down each file that ran, once it is committed."""

    def note(database: str, script: str, ms: int) -> None:
        more = {"contract": True} if script in held.get(database, ()) else {}
        _write(place, [(kind, {"database": database, "script": script, "ms": ms} | more, None)])

    return note


def _write(place: Place, entries: Sequence[tuple[str, dict[str, object], None]]) -> None:
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        ledger.append_many(entries)


def _end(place: Place, facts: dict[str, object], held: dict[str, list[str]], moved: Sequence[Moved]) -> None:
    """What ran, and of what failed what may be there in part."""
    failed = next((one for one in moved if one.error), None)
    end = {**facts, "scripts": [script for one in moved for script in one.contract], "databases": held}
    if failed is not None:
        left = [script for script in held.get(failed.database, ()) if script not in failed.contract]
        end = {**facts, "reason": concealed(str(failed.error)), "databases": {failed.database: left} if left else {}}
    _write(place, [(FAILED if failed else DONE, end, None)])
