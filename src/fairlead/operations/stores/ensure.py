"""Have the stores of an environment as they are declared, and well, before anything of a release starts.

Everything is idempotent and looks before it acts, so whoever was killed in the middle is followed by one that goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from fairlead.artifacts.origin import owner_text
from fairlead.errors import FairleadError, Refused
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.stores.changes import ENDS, change, go_back, lock_of, require_fit
from fairlead.operations.stores.declared import declared, fetched
from fairlead.project.access import archives, store_secrets
from fairlead.project.stack import RuntimeName, Stack, Store
from fairlead.stores.aside import before, changing
from fairlead.stores.awaiting import await_well
from fairlead.stores.base import Running, Stores, Values
from fairlead.stores.plan import StoreStep, store_steps
from fairlead.stores.table import stores_of
from fairlead.system.home import Place
from fairlead.system.lock import FileLock, held_lock

PATIENCE = 120.0  #: seconds for stores to be started by somebody else
Say = Callable[[str, str], object]
NONE: Mapping[str, str] = {}


def steps_of(stack: Stack, root: Path, place: Place) -> tuple[StoreStep, ...]:
    """What has to happen; nothing is touched. `root` is the folder of the project file."""
    wanted = declared(stack, root)
    if not wanted and not place.stores.is_dir():
        return ()
    return store_steps(wanted, [_as_before(one, place) for one in stores_of(stack.runtime, place).observe()])


def _as_before(one: Running, place: Place) -> Running:
    """What it is once a change that was cut short has gone back."""
    found = before(place.stores / one.name)
    if found is None or found.well:
        return one
    return replace(one, store=found.kept.store, fingerprint=found.kept.fingerprint)


def ensure(supply: Supply, say: Say, anew: bool = False) -> tuple[str, ...]:
    """Have all of them well, and in databases that name who uses them the roles; which were made anew. `anew`: a person
    agreed to that.

    Refused, with what would be made anew, when nobody agreed; NotWell when one does not answer.
    """
    changed = _ensure(supply, say, anew)
    if supply.place.backups.is_dir() or any(one.backup and one.backup.physical for one in supply.stack.stores):
        from fairlead.operations.backups.streams import have_streams  # noqa: PLC0415 — only where there is a log

        have_streams(supply.stack, supply.root, supply.place, say)
    if any(store.rights for store in supply.stack.stores):
        from fairlead.operations.db.rights import provide  # noqa: PLC0415 — only where a database names its users

        provide(supply.stack, supply.root, supply.values(), say)
    return changed


def _ensure(supply: Supply, say: Say, anew: bool) -> tuple[str, ...]:
    stack, place = supply.stack, supply.place
    finish_restore(stack.runtime, place, say)
    if changing(place):
        go_back(stores_of(stack.runtime, place), say)
    steps = steps_of(stack, supply.root, place)
    if not steps:
        return ()
    require_agreed(steps, place, anew)
    for step in steps:
        if step.kind not in ("have", "leave"):
            say("note", step.text)
    wanted = {store.name: store for store in declared(stack, supply.root)}
    new = [wanted[step.name] for step in steps if step.kind in ("make", "change")]
    images = fetched(supply, new, say)  # before anything is touched
    _require_archiving(stack, new, images)
    stores = stores_of(stack.runtime, place)
    for store in new:
        require_fit(stores, store, images.get(store.name, ""))
    with _alone(place, steps):
        carry(stores, tuple(wanted.values()), steps, supply.values(), say, images)
    for name in stores.renew([step.name for step in steps if step.kind != "leave"]):
        say("note", f"{name} has a new certificate")
    return tuple(step.name for step in steps if step.kind == "change")


def _alone(place: Place, steps: Iterable[StoreStep]) -> contextlib.AbstractContextManager[object]:
    """The keeper starts stores that ended, without the environment while a rollout is under way: not one of these."""
    if not any(step.kind == "change" for step in steps):
        return contextlib.nullcontext()
    return held_lock(lock_of(place), owner_text("a change of stores"), "the stores", PATIENCE)


def _require_archiving(stack: Stack, stores: list[Store], images: Mapping[str, str]) -> None:
    if stack.runtime == "docker" and any(archives(one) for one in stores):
        from fairlead.operations.backups.archiving import ready  # noqa: PLC0415 — only of such a store

        ready(stack, stores, images)


def require_agreed(steps: Iterable[StoreStep], place: Place, anew: bool) -> None:
    """Refused when one has to be made anew and nobody said that it may be."""
    asking = [step for step in steps if step.asks]
    if asking and not anew:
        lines = "\n".join(f"  {step.text}" for step in asking)
        hint = f"agree with --yes, or do it by itself: fairlead stores apply {place.environment}"
        raise Refused(f"stores were declared otherwise than they were made:\n{lines}", hint)


def carry(
    stores: Stores, wanted: tuple[Store, ...], steps: Iterable[StoreStep], values: Values, say: Say,
    images: Mapping[str, str] = NONE,
) -> None:  # fmt: skip
    """Those that change one after the other, so that at most one is away; the others side by side."""
    known = {store.name: store for store in wanted}
    together = [step.name for step in steps if step.kind in ("make", "start", "have")]
    for step in steps:
        if step.kind == "change":
            one = [known[step.name]]
            change(stores, one[0], partial(_have, stores, one, values, say, images, ends=ENDS), say)
    quiet = {one.name for one in steps if one.kind == "have"}
    _have(stores, [known[name] for name in together], values, say, images, quiet)


def _have(
    stores: Stores, wanted: list[Store], values: Values, say: Say, images: Mapping[str, str],
    quiet: Collection[str] = (), ends: int | None = None,
) -> None:  # fmt: skip
    """`quiet`: those that run already, of which nothing is said. `ends`: as `await_well` has it."""
    for store in wanted:
        handed = {name: values[name] for name in store_secrets(store)}
        stores.have(store, handed, images.get(store.name, ""))
    await_well(stores, wanted, _ready(say, quiet), ends)
    for store in wanted:
        stores.settle(store, values)


def _ready(say: Say, quiet: Collection[str] = ()) -> Callable[[str], None]:
    def ready(name: str) -> None:
        if name not in quiet:
            say("ready", f"{name} is well")

    return ready


def unfinished(place: Place) -> bool:
    """Whether a restore of which all is there was cut short before it got its place."""
    return (place.backups / "restore.json").exists()


def finish_restore(runtime: RuntimeName, place: Place, say: Say) -> tuple[str, ...]:
    """Go on with a restore of which somebody was killed in the middle: half of it is nothing to start with."""
    found: tuple[str, ...] = ()
    if unfinished(place):
        from fairlead.operations.backups.swapping import finish  # noqa: PLC0415 — hardly ever

        if found := finish(place, runtime):
            say("note", f"a restore was cut short: it is in place now, of {', '.join(found)}")
    return found


def revive(runtime: RuntimeName, place: Place, say: Say) -> None:
    """Start those that were made and do not run, from what is on the disk, and wait until all are well."""
    finish_restore(runtime, place, say)
    if not place.stores.is_dir():
        return
    stores = stores_of(runtime, place)
    go_back(stores, say)
    there = stores.observe()
    stores.start([one.name for one in there])
    await_well(stores, [one.store for one in there], _ready(say))
    if place.backups.is_dir():
        from fairlead.operations.backups import streams  # noqa: PLC0415 — only where there is a log

        streams.start(place)


def any_dead(runtime: RuntimeName, place: Place) -> bool:
    """Whether one ended that nobody starts again, or what receives its log."""
    return bool(unfinished(place) or changing(place) or _dead(stores_of(runtime, place)) or _unreceived(place))


def start_dead(runtime: RuntimeName, place: Place, alone: bool = True) -> tuple[str, ...]:
    """Start those; which they were. Does not wait for them.

    `alone`: whoever calls holds the environment, so a change of a store that is open was cut short, and goes back.
    """
    restored = finish_restore(runtime, place, lambda *_: None)
    stores = stores_of(runtime, place)
    back = go_back(stores, lambda *_: None) if alone and changing(place) else ()
    dead, unreceived = _start_dead(stores, place), _unreceived(place)
    if unreceived:
        from fairlead.operations.backups import streams  # noqa: PLC0415 — only where there is a log

        streams.start(place, unreceived)
    return (*restored, *back, *dead, *(f"the log of {name}" for name in unreceived))


def _start_dead(stores: Stores, place: Place) -> tuple[str, ...]:
    """None while somebody makes one anew: which of the two is to run is not known then."""
    if not place.stores.is_dir():
        return ()
    lock = FileLock(lock_of(place))
    if not lock.acquire(owner_text("start of stores")):
        return ()
    try:
        dead = tuple(name for name in _dead(stores) if name not in changing(place))
        stores.start(dead)
    finally:
        lock.release()
    return dead


def _unreceived(place: Place) -> tuple[str, ...]:
    if not place.backups.is_dir():
        return ()
    from fairlead.operations.backups import streams  # noqa: PLC0415 — only where there is a log

    return streams.dead(place)


def _dead(stores: Stores) -> tuple[str, ...]:
    return tuple(one.name for one in stores.observe() if one.phase in ("stopped", "failed"))


def renew_all(runtime: RuntimeName, place: Place) -> tuple[str, ...]:
    """Have certificates that do not end soon, of all that run; which stores read another one now.

    One that cannot be told does not keep the others from theirs; its error is raised at the end.
    """
    stores, renewed, failed = stores_of(runtime, place), list[str](), list[FairleadError]()
    for one in stores.observe():
        try:
            renewed += stores.renew([one.name]) if one.living else ()
        except FairleadError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return tuple(renewed)


def stop(runtime: RuntimeName, place: Place) -> None:
    """End all of them: the last that an environment does. Their data stays."""
    if place.backups.is_dir():
        from fairlead.operations.backups import streams  # noqa: PLC0415 — only where there is a log

        streams.stop(place)
    if place.stores.is_dir():
        stores = stores_of(runtime, place)
        stores.stop([one.name for one in stores.observe()])
