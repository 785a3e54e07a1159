"""What waits until the old release is gone: the files of the contract folder, run once the live release is alone.

Done by the keeper, or by the next deployment where the keeper cannot (secrets that only a person's environment has).
It is its own small transaction: begun, each file that ran, done or failed are in the ledger, and whoever comes after a
kill does it again: the history of each database knows what ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from fairlead.artifacts.files import folder_name
from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.operations.environment import Environment
from fairlead.operations.schema.fits import contract_scripts
from fairlead.operations.schema.kept import base_of
from fairlead.operations.schema.releases import root_of
from fairlead.operations.schema.waits import BEGUN, DONE, FAILED, waits
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.schema import APPLIED, SNAPSHOT, SchemaMove
from fairlead.system import clock

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


def contract(environment: Environment) -> tuple[str, ...]:
    """Do what is due; the files that ran. The caller holds the environment's lock.

    FairleadError when a file fails, which is written down, or when a database cannot be asked, which is not.
    """
    release = due(environment)
    if release is None:
        return ()
    found = [one for one in _moves(environment, release) if one.held]
    facts = {"release": release.id, "files": folder_name(release.migrations)}
    if found and not _is_last(environment.ledger, FAILED, facts):
        held = {one.database: list(one.held) for one in found}
        environment.ledger.append(BEGUN, {**facts, "databases": held})
    ran: list[str] = []
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


def finish(environment: Environment) -> None:
    """Before something else moves the schema. What cannot be done is said, and keeps nobody from anything."""
    try:
        contract(environment)
    except FairleadError as error:
        environment.world.say("note", f"what waited for the old release to go could not be run: {error.message}")
