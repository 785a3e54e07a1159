"""Backups, pruning and drills by themselves: the keeper begins what is due, and a process of its own does it.

It goes on when the keeper ends, so that an upgrade cuts no backup short; it is begun by exec and not by fork, since the
keeper has the ledger open. One at a time on a machine: whoever comes second finds the lock held, and ends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.artifacts.origin import owner_text
from fairlead.artifacts.release import Release, ReleaseStore
from fairlead.backups.catalogue import Kind, new_set
from fairlead.errors import Busy, FairleadError
from fairlead.ledger import Entry, Ledger
from fairlead.operations.backups.due import (
    BEGUN,
    BUSY,
    DRILLED,
    FAILED,
    KINDS,
    ORDER,
    READ,
    SCHEDULE,
    Task,
    due,
    left,
    slot,
)
from fairlead.operations.db import isolation_again
from fairlead.project.stack import Stack
from fairlead.rollout.state import read_state
from fairlead.system import clock
from fairlead.system.commands import Command, begin
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

if TYPE_CHECKING:
    from fairlead.operations.backups.arrangement import Arrangement

LOG = "scheduled.log"
MADE_OF: dict[Task, Kind] = {"backup": "logical", "files": "physical", "changes": "physical"}
KILLED = "whoever did it was killed"
FAIRLEAD = (sys.executable, "-I", "-m", "fairlead")


def wanted(place: Place, stack: Stack, ledger: Ledger) -> dict[str, tuple[Task, ...]]:
    """What is due now, by store."""
    stores = stack.backed_up
    entries = tuple(ledger.entries(kinds=KINDS)) if stores else ()
    found = {one.name: due(one, entries, clock.now(), str(place.root)) for one in stores}
    return {name: tasks for name, tasks in found.items() if tasks}


def begin_due(place: Place, release: Release, ledger: Ledger) -> tuple[str, ...]:
    """Begin what is due of the live release's stores, unless somebody is at it; of which. Does not wait."""
    found = [*wanted(place, release.stack, ledger)]
    found += ["isolation"] if isolation_again.due(release.stack, ledger, slot("daily", clock.now())) else []
    if not found or not release.machine.get("root") or _lock(place).held():
        return ()
    place.backups.mkdir(mode=0o700, exist_ok=True)
    argv = (*FAIRLEAD, "serve", "--due", "--project", place.project, place.environment)
    begin(Command(argv, cwd=Path("/")), place.backups / LOG)
    return tuple(found)


def _lock(place: Place) -> FileLock:
    """Of the whole home: two dumps at once take more time than one after the other."""
    return FileLock(place.root.parent.parent / "backups.lock")


def work(place: Place, say: Callable[[str], object]) -> None:
    """Do what is due; nothing while another process does. What comes of each is in the ledger."""
    lock = _lock(place)
    if not lock.acquire(owner_text(f"the schedule of {place.project}/{place.environment}")):
        return
    try:
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            state = read_state(ledger)
            release = ReleaseStore(place.releases).load_or_none(state.live) if state.live else None
            if state.stopped or release is None:
                return
            found = wanted(place, release.stack, ledger)
            nightly = isolation_again.due(release.stack, ledger, slot("daily", clock.now()))
            _settle(ledger, release.stack)
        if nightly:
            _isolation(release, say)
        together = new_set() if sum("backup" in tasks for tasks in found.values()) > 1 else ""
        for name, tasks in phases(release.stack, found):
            _one(place, release, name, tasks, say, together)
    finally:
        lock.release()


def _isolation(release: Release, say: Callable[[str], object]) -> None:
    """First: it takes a moment."""
    for text in isolation_again.look(release.stack, Path(str(release.machine["root"])), SCHEDULE):
        say(text)


def phases(stack: Stack, found: Mapping[str, tuple[Task, ...]]) -> list[tuple[str, tuple[Task, ...]]]:
    """What is done, in this order: of several that are due the backups first, one right after the other."""
    kinds = {one.name: one.kind for one in stack.backed_up}
    names = sorted(found, key=lambda name: ORDER.index(kinds[name]))
    first = [name for name in names if "backup" in found[name]]
    if len(first) < 2:
        return [(name, found[name]) for name in names]
    rest = [(name, tuple(task for task in found[name] if task != "backup")) for name in names]
    return [*((name, ("backup",)) for name in first), *((name, tasks) for name, tasks in rest if tasks)]


def _settle(ledger: Ledger, stack: Stack) -> None:
    """Say of what was begun and never ended that it failed: nobody else will, as nobody is at it."""
    entries: tuple[Entry, ...] = tuple(ledger.entries(kinds=KINDS))
    for store in stack.backed_up:
        for kind, data in _failures(store.name, left(store.name, entries), KILLED):
            ledger.append(kind, data)


def _one(
    place: Place, release: Release, name: str, tasks: tuple[Task, ...], say: Callable[[str], object], set: str
) -> None:
    """`begun` first: what kills this process is not tried again at once."""
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        ledger.append(BEGUN, {"store": name, "tasks": list(tasks)})
    say(f"{name}: {', '.join(tasks)}")
    try:
        _do(release.stack, Path(str(release.machine.get("root", "/"))), name, tasks, set, say)
    except FairleadError as error:
        say(f"{name}: {error.message}")
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            missing = left(name, ledger.entries(kinds=KINDS))
            for kind, data in _failures(name, missing, error.message, busy=isinstance(error, Busy)):
                ledger.append(kind, data)


def _failures(
    store: str, tasks: tuple[Task, ...], reason: str, busy: bool = False
) -> Iterator[tuple[str, dict[str, object]]]:
    """Entries of the ledger. Who does it by hand just now is no failure that a person is told of."""
    why = BUSY if busy else SCHEDULE
    for task, kind in MADE_OF.items():
        if task in tasks:
            more: dict[str, object] = {"differential": True} if task == "changes" else {}
            yield FAILED, {"store": store, "kind": kind, "why": why, "reason": reason} | more
    if "verify" in tasks:
        yield READ, {"store": store, "why": why, "ok": False, "wrong": [reason], "failed": True, "ids": []}
    if "drill" in tasks:
        yield DRILLED, {"store": store, "why": why, "ok": False, "wrong": [reason]}


def _prune(one: Arrangement, say: Callable[[str], object]) -> None:
    """What cannot be removed is no reason to try no backup."""
    from fairlead.operations.backups.prune import prune  # noqa: PLC0415 — the keeper decides without it

    try:
        prune(one, careful=True)
    except FairleadError as error:
        say(f"{one.store.name}: {error.message}")


def _do(stack: Stack, root: Path, name: str, tasks: tuple[Task, ...], set: str, say: Callable[[str], object]) -> None:
    """What is due of one store. FairleadError for what cannot even begin; what fails later is in the ledger."""
    from fairlead.operations.backups.arrangement import arranged  # noqa: PLC0415 — the keeper decides without it
    from fairlead.operations.backups.drill import drill  # noqa: PLC0415
    from fairlead.operations.backups.make import make  # noqa: PLC0415
    from fairlead.operations.backups.verify import verify_routine  # noqa: PLC0415

    (one,) = arranged(stack, root, (name,))
    for task, kind in MADE_OF.items():
        own = set if kind == "logical" else ""
        if task in tasks and make((one,), SCHEDULE, kind=kind, set=own, differential=task == "changes")[0].backup:
            _prune(one, say)
    if "verify" in tasks:
        verify_routine(one, SCHEDULE)
    if "drill" in tasks and one.catalogue.look().backups:
        drill(one, why=SCHEDULE)
