"""`backup restore`: stores and volumes put back together, each into a new place first, and swapped at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from fairlead.backups.catalogue import SET, Backup, chosen, spread_of
from fairlead.backups.restoring import Reader, Unsure
from fairlead.backups.verifying import require_whole
from fairlead.errors import FairleadError, Interrupted, Refused, UsageError
from fairlead.ledger import Ledger
from fairlead.operations.backups import losing, swapping
from fairlead.operations.backups.ages import MADE
from fairlead.operations.backups.arrangement import PATIENCE, Arrangement, require_identities
from fairlead.operations.backups.filling import fill
from fairlead.operations.backups.moments import moment
from fairlead.operations.backups.restore import Asked, beside_live, go_on, have_live, held_environment, not_ours
from fairlead.operations.backups.space import folder_of, needed_of, require_space
from fairlead.operations.backups.spots import spots_of
from fairlead.operations.backups.swapping import Step
from fairlead.operations.restored import Reverted, note
from fairlead.project.access import runs
from fairlead.stores.awaiting import await_well
from fairlead.stores.table import stores_of
from fairlead.system import clock
from fairlead.system.home import Place

Say = Callable[[str], object]
DOING = "fairlead backup restore"


@dataclass(frozen=True)
class Ready:
    """A store of which all that is restored is there, and has its place not yet."""

    one: Arrangement
    backup: Backup
    losing: tuple[str, ...]  #: what is not as in the backup, in words
    step: Step
    before: Callable[[], None] = lambda: None  #: done right before the swap is written down
    schemas: tuple[Reverted, ...] = ()  #: of a PostgreSQL
    whose: tuple[str, ...] = ()  #: that it is not of this machine or server, in words


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a restore would do now."""

    ready: tuple[Ready, ...]
    set: str  #: id of the recovery set; empty: they are not of one
    spread: float  #: seconds between the first and the last moment

    @property
    def id(self) -> str:
        """Of all of it."""
        return self.set or self.ready[0].backup.id


@dataclass(frozen=True, slots=True)
class PutBack:
    """What was done."""

    id: str
    stores: tuple[tuple[str, str, str], ...]  #: store, id of its backup, what was put aside is called
    seconds: float


def picked(some: Sequence[Arrangement], which: str) -> tuple[tuple[Arrangement, Backup], ...]:
    """Of each the backup that is meant; of an id those that have it. UsageError when nobody has.

    Of a day all have to have one: who was left out silently would be of another time than the others.
    """
    found, missing = [], list[UsageError]()
    for one in some:
        try:
            found.append((one, chosen(one.catalogue.all(which), which)))
        except UsageError as error:
            missing.append(error)
    if which.startswith(SET):
        _require_members(some, which, [one.store.name for one, _ in found])
    if not found or (missing and not any(which in (backup.id, backup.set) for _, backup in found)):
        raise missing[0]
    return tuple(found)


def _require_members(some: Sequence[Arrangement], which: str, there: Sequence[str]) -> None:
    """UsageError when a store was backed up in that recovery set, and has no such backup any more.

    The ledger knows who was; whoever was not is no part of it.
    """
    place = some[0].place
    with Ledger.read(place.ledger) if place.exists() else contextlib.nullcontext() as ledger:
        made = ledger.entries(kinds=[MADE]) if ledger else ()
        members = {str(one.data["store"]) for one in made if one.data.get("set") == which}
    gone = [one.store.name for one in some if one.store.name in members and one.store.name not in there]
    if not gone:
        return
    what = f"the backup of {' and of '.join(gone)} in {which} is gone: pruned, or removed"
    own = f"fairlead backup restore {place.environment} {which}"
    names = " ".join(f"--store {name}" for name in there)
    rest = f"{', '.join(there)} can be had by {own} {names}" if there else "nothing of it is left"
    raise UsageError(what, f"{rest}; others: fairlead backup list {place.environment}")


def put_back(
    some: Sequence[Arrangement], which: str, agree: Callable[[Prospect], bool], say: Say = lambda _: None
) -> PutBack:
    """Put back what was backed up of these, all or nothing.

    `agree` is asked when all of it is there and was found to be as it was; Interrupted when it says no. What fails
    before that leaves what is in use as it was. From then on it is done, by whoever comes next where this one is
    killed. UsageError for a backup that there is not; Refused; Busy; FairleadError.
    """
    place, runtime = some[0].place, some[0].runtime
    pairs, begun = picked(some, which), clock.boot_seconds()
    with contextlib.ExitStack() as stack:
        for one, _ in pairs:
            stack.enter_context(one.held(DOING, PATIENCE))
        with held_environment(place, DOING):
            pass  # known before the work, not after it
        go_on(place, runtime)
        ready = tuple(stack.enter_context(_prepared(one, backup, say)) for one, backup in pairs)
        prospect = _prospect(ready)
        if not agree(prospect):
            raise Interrupted("nothing was restored, and what is in use is as it was")
        with held_environment(place, DOING), swapping.held(place):
            stood = _swap(prospect, say)
    seconds = round(clock.boot_seconds() - begun, 3)
    for it in ready:
        said = {"id": it.backup.id, "seconds": seconds, "moment": it.backup.moment.isoformat()}
        more = {"set": prospect.set} if prospect.set else {}
        aside = {one["live"]: one["aside"] for one in it.step.databases}
        it.one.note("restore.done", said | more | {"databases": aside})
        note(it.one.note, it.schemas)
    _have_well(ready, stood)
    return PutBack(prospect.id, tuple((it.one.store.name, it.backup.id, _aside(it)) for it in ready), seconds)


def _prospect(ready: tuple[Ready, ...]) -> Prospect:
    sets = {it.backup.set for it in ready}
    return Prospect(ready, sets.pop() if len(sets) == 1 else "", spread_of([it.backup for it in ready]))


def _aside(it: Ready) -> str:
    return ", ".join(one["aside"] for one in it.step.databases) or f"before-{it.step.stamp}"


def _swap(prospect: Prospect, say: Say) -> bool:
    """Whether services stood still for it."""
    place, runtime = prospect.ready[0].one.place, prospect.ready[0].one.runtime
    for it in prospect.ready:
        it.before()
        it.one.note("restore.begun", {"id": it.backup.id, "databases": [one["live"] for one in it.step.databases]})
    steps = [replace(it.step, users=swapping.users(place, it.step)) for it in prospect.ready]
    swapping.write(place, prospect.id, steps)
    databases = [one for one in steps if one.kind == "postgres"]
    try:
        swapping.carry(place, runtime, databases, say)
    except FairleadError as error:
        if len(databases) > 1 or isinstance(error, Unsure):
            raise _unended(place, error) from error
        swapping.forget(place)  # of the one server nothing has changed, and of files nothing yet
        raise
    swapping.carry(place, runtime, [one for one in steps if one.kind != "postgres"], say)
    swapping.forget(place)
    return any(one.users for one in steps)


def _unended(place: Place, error: FairleadError) -> FairleadError:
    """Of one that may have its place already: what is written down says the rest."""
    hint = f"the next command that has the stores run, or works on backups, ends it: fairlead up {place.environment}"
    return Unsure(f"{error.message}; what has its place by now keeps it, and the rest follows", hint)


def _have_well(ready: Sequence[Ready], stood: bool) -> None:
    """What was stopped for it is up again, and instances with it. NotWell."""
    one = ready[0].one
    stores = stores_of(one.runtime, one.place)
    names = [it.one.store.name for it in ready if it.step.ran and it.step.kind not in ("postgres", "volume")]
    await_well(stores, [it.store for it in stores.observe() if it.name in names], lambda _: None)
    if stood:
        from fairlead.operations.up import up  # noqa: PLC0415 — only where services were stopped

        up(one.place, PATIENCE)


def _runs(one: Arrangement) -> bool:
    there = stores_of(one.runtime, one.place).observe()
    return any(it.living for it in there if it.name == one.store.name)


def _prepared(one: Arrangement, backup: Backup, say: Say) -> contextlib.AbstractContextManager[Ready]:
    say(f"{one.store.name}: {backup.id} into a new place")
    return _databases(one, backup, say) if one.store.kind == "postgres" else _files(one, backup)


@contextlib.contextmanager
def _databases(one: Arrangement, backup: Backup, say: Say) -> Iterator[Ready]:
    if not runs(one.store):
        what = f"somebody else runs {one.store.name}, so nobody could go on with it after a crash"
        raise Refused(what, f"restore it by itself: fairlead db restore {one.place.environment} {one.store.name}")

    def promised() -> bool:
        return swapping.begun(one.place)

    with one.server() as server, beside_live(one, one, server, Asked(backup.id), say, promised) as prospect:
        swaps = tuple({"live": it.live, "new": it.new, "aside": it.aside} for it in prospect.swaps)
        lost = tuple(f"{name}: {text}" for name, some in prospect.losing.items() for text in some)
        lost += tuple(f"role {name} comes back, as it was then" for name in prospect.roles)
        lost += tuple(str(it) for it in prospect.schemas if it.gone)

        def before() -> None:
            have_live(server, prospect.swaps, prospect.source)

        step = Step(one.store.name, "postgres", "", databases=swaps)
        yield Ready(one, backup, lost, step, before, prospect.schemas, prospect.whose)


@contextlib.contextmanager
def _files(one: Arrangement, backup: Backup) -> Iterator[Ready]:
    require_whole(one.catalogue, backup)
    reader = Reader(one.catalogue, require_identities(backup.id))
    require_space(folder_of(one), needed_of(backup), f"what is restored of {one.store.name}")
    redis = one.store.kind == "redis"
    with spots_of(one.place, one.runtime, one.store) as spots:
        stamp = moment([name for spot in spots.spots for name in spot.aside()])
        try:
            for spot in spots.spots:
                spot.discard()
            fill(spots, reader, backup, stamp, log=True)
            for spot in spots.spots:
                spot.settle(stamp)
            lost = losing.keys(one, backup) if redis else losing.files(spots.spots, backup)
            step = Step(one.store.name, one.store.kind, stamp, one.store.path, ran=_runs(one))
            yield Ready(one, backup, lost, step, whose=not_ours(one))
        except BaseException:
            if not swapping.begun(one.place):  # else it is promised: somebody goes on with it
                for spot in spots.spots:
                    spot.discard()
            raise
