"""What waits until the old release is gone: the files of the contract folder, run once the live release is alone.

Done by a process that the keeper begins, or by the next deployment where that cannot (secrets that only a person's
environment has). It may take hours, so nobody holds the environment's lock meanwhile: a lock of its own makes it one at
a time, and a deployment waits for that. It is its own small transaction: begun, each file that ran, done or failed are
in the ledger, and whoever comes after a kill says so and does it again: the history of each database knows what ran.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

from fairlead.artifacts.files import folder_name
from fairlead.artifacts.origin import owner_text
from fairlead.artifacts.release import Release
from fairlead.errors import Busy, FairleadError
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.operations.environment import Environment, existing
from fairlead.operations.schema.fits import contract_scripts
from fairlead.operations.schema.kept import base_of
from fairlead.operations.schema.releases import root_of
from fairlead.operations.schema.waits import BEGUN, DONE, FAILED, waits
from fairlead.rollout.events import Event
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.schema import APPLIED, SNAPSHOT, SchemaMove
from fairlead.system import clock
from fairlead.system.commands import Command, begin
from fairlead.system.home import Place
from fairlead.system.lock import FileLock, held_lock

LOCK = "contracting.lock"
LOG = "contracting.log"  #: beside the keeper's own
KILLED = "whoever did it was killed"
FAIRLEAD = (sys.executable, "-I", "-m", "fairlead")
SNAPSHOT_EVERY = timedelta(days=1)  #: while the same contract fails


def due(environment: Environment) -> Release | None:
    """The live release, where something of it waits and it is alone: nothing is warm, nothing of another one runs, and
    nobody judges it any more.
    """
    if not environment.place.migrations.is_dir() or open_rollout(environment.ledger) is not None:
        return None
    world, state = environment.world, environment.state
    if state.live is None or state.stopped or state.watched or state.warm_now():
        return None
    release = world.releases.load_or_none(state.live)
    if waits(environment.ledger, release) is None:
        return None
    others = any(one.living and one.release != state.live for one in world.runtime.observe())
    return None if others else release


def contract(environment: Environment, wait: float = 0.0, held: bool = True) -> tuple[str, ...]:
    """Do what is due; the files that ran. Busy when somebody else is at it for longer than `wait` seconds.

    `held`: the caller holds the environment's lock; else it is taken for the moment in which this is begun.
    FairleadError when a file fails, which is written down, or when a database cannot be asked, which is not.
    """
    if due(environment) is None:
        return ()
    with alone(environment.place, wait, lambda text: environment.world.say("note", text)):
        release = due(environment)  # it may have been seen to meanwhile
        if release is None:
            return ()
        note_killed(environment.ledger)
        found = [one for one in _moves(environment, release) if one.held]
        with nullcontext() if held else environment.held_briefly("contract"):
            if due(environment) != release:
                return ()
            _begin(environment, release, found)
        return _carried(environment, release, found)


def alone(place: Place, wait: float, say: Callable[[str], None]) -> AbstractContextManager[object]:
    """One at a time in an environment, whoever does it. Busy, saying who is at it, after `wait` seconds."""
    what = f"the contract of {place.project}/{place.environment}"
    return held_lock(place.root / LOCK, owner_text("contract"), what, wait, say)


def at_work(place: Place) -> bool:
    """Whether somebody is at it now."""
    return FileLock(place.root / LOCK).held()


def note_killed(ledger: Ledger) -> None:
    """Say of what was begun and never ended that it failed. The caller is alone, so nobody is at it."""
    last = ledger.last(BEGUN, DONE, FAILED)
    if last is not None and last.kind == BEGUN:
        ledger.append(FAILED, {**last.data, "reason": KILLED})


def _facts(release: Release) -> dict[str, object]:
    return {"release": release.id, "files": folder_name(release.migrations)}


def _begin(environment: Environment, release: Release, found: Sequence[SchemaMove]) -> None:
    """From here on nobody goes back behind it unawares."""
    facts = _facts(release)
    if found and not _is_last(environment.ledger, FAILED, facts):
        held = {one.database: list(one.held) for one in found}
        environment.ledger.append(BEGUN, {**facts, "databases": held})


def _carried(environment: Environment, release: Release, found: Sequence[SchemaMove]) -> tuple[str, ...]:
    ran, facts = list[str](), _facts(release)
    try:
        _run(environment, release, found, ran)
    except FairleadError as error:
        may = {one.database: _touched(environment, release, one, ran) for one in found}
        failed = {
            **facts,
            "reason": concealed(error.message),
            "databases": {name: some for name, some in may.items() if some},
        }
        if not _is_last(environment.ledger, FAILED, failed):
            environment.ledger.append(FAILED, failed)
        raise
    environment.ledger.append(DONE, {**facts, "scripts": ran, "databases": contract_scripts(release)})
    return tuple(ran)


def _touched(environment: Environment, release: Release, one: SchemaMove, ran: Sequence[str]) -> list[str]:
    """What of it may be there although nobody noted it: in part, or its commit was not answered."""
    left = [script for script in one.held if script not in ran]
    try:
        there = environment.world.databases.applied(release, one.database)
    except FairleadError:
        return left
    return [script for script in left if script in there]


def _is_last(ledger: Ledger, kind: str, facts: Mapping[str, object]) -> bool:
    """Whether the same was the last that happened, so that trying again and again does not fill the ledger."""
    last = ledger.last(BEGUN, DONE, FAILED)
    return last is not None and last.kind == kind and facts.items() <= last.data.items()


def _moves(environment: Environment, release: Release) -> tuple[SchemaMove, ...]:
    from fairlead.operations.schema.moves import moves  # noqa: PLC0415 — only where something is due

    base = base_of(release, environment.place.migrations)
    return moves(release.stack, root_of(release), base, release.migrations)


def _run(environment: Environment, release: Release, found: Sequence[SchemaMove], ran: list[str]) -> None:
    world, ledger = environment.world, environment.ledger
    fresh = _kept_lately(ledger)
    for store, dump in {one.store: one.dump for one in found if one.store not in fresh}.items():
        made = world.databases.snapshot(release, store, f"fairlead-contract-{release.id}", dump)
        ledger.append(SNAPSHOT, {"store": store, **made})
    for one in found:

        def note(script: str, ms: int, database: str = one.database) -> None:
            ledger.append(APPLIED, {"database": database, "script": script, "ms": ms, "contract": True})
            world.say("note", f"{database}: {script} applied")
            ran.append(script)
            world.checkpoint(f"contract {script}")

        world.checkpoint(f"contract before {one.database}")
        world.databases.migrate(release, one.database, note, contract=True)
        for text in world.databases.inspect(release, one.database):
            world.say("note", f"{one.database}: {text}")


def _kept_lately(ledger: Ledger) -> set[str]:
    """Stores of which enough was kept at an earlier try: one that fails again and again must not fill the backups."""
    begun, since = ledger.last(BEGUN), clock.now() - SNAPSHOT_EVERY
    after = begun.number if begun else 0
    return {str(one.data["store"]) for one in ledger.entries(kinds=[SNAPSHOT], after=after) if one.when() > since}


def finish(environment: Environment, wait: float) -> None:
    """Before something else moves the schema. What cannot be done is said, and keeps nobody from anything; Busy when
    somebody is still at it after `wait` seconds.
    """
    try:
        contract(environment, wait)
    except Busy:
        raise
    except FairleadError as error:
        environment.world.say("note", f"what waited for the old release to go could not be run: {error.message}")


def begin_apart(environment: Environment) -> None:
    """Have a process of its own do it, which goes on when the keeper ends. Does not wait."""
    place = environment.place
    argv = (*FAIRLEAD, "serve", "--contract", "--project", place.project, place.environment)
    begin(Command(argv, cwd=Path("/")), place.root / "keeper" / LOG)


def work(place: Place, say: Callable[[str], object]) -> None:
    """What that process does. What comes of it is in the ledger; what cannot even begin is said, and tried again."""

    def emit(event: Event) -> None:
        say(event.text)

    with existing(place, emit) as environment:
        try:
            contract(environment, held=False)
        except FairleadError as error:
            say(error.message)
