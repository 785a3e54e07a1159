"""`db restore`: a backup put back into new databases, looked at, and swapped with those in use when a person agrees."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.artifacts.origin import owner_text
from fairlead.backups.claim import whose as whose_in_words
from fairlead.backups.logical import server_facts
from fairlead.backups.restoring import (
    Swap,
    Unsure,
    compared,
    create,
    databases_there,
    drop,
    existing,
    restored_names,
    since,
    swap,
)
from fairlead.backups.server import Server, one
from fairlead.errors import FairleadError, Interrupted
from fairlead.operations.backups import coming, swapping
from fairlead.operations.backups.arrangement import PATIENCE, Arrangement
from fairlead.operations.backups.moments import moment
from fairlead.operations.backups.sources import XID, Source, Target, source_of
from fairlead.operations.backups.space import data_folder, needed, require_space
from fairlead.operations.restored import Reverted, note, reverted
from fairlead.project.access import databases as declared
from fairlead.project.stack import RuntimeName
from fairlead.system import clock
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

Say = Callable[[str], object]
MOMENT = 5.0  #: seconds for the keeper in one of its short acts
ROOM = 38  #: bytes of a database's name that stay beside a moment: PostgreSQL cuts names after 63


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a restore would do now, with the new databases there already."""

    source: Source
    swaps: tuple[Swap, ...]
    losing: Mapping[str, list[str]]  #: by database: what is not as in the backup
    age: float  #: seconds since what comes back was true
    transactions: int | None = None  #: how many of the whole server came since then
    roles: tuple[str, ...] = ()  #: that were removed since, and come back
    staying: tuple[str, ...] = ()  #: databases that there were none of then; they stay as they are
    schemas: tuple[Reverted, ...] = ()  #: of each that migrations move
    whose: tuple[str, ...] = ()  #: that it is not of this machine, or not of this server, in words


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    id: str  #: of the backup
    moment: datetime  #: as what they are
    swaps: tuple[Swap, ...]
    seconds: float


def restore(
    it: Arrangement, which: str, wanted: Sequence[str] | None, agree: Callable[[Prospect], bool],
    say: Say = lambda _: None, target: Target = None, into: Arrangement | None = None,
) -> Restored:  # fmt: skip
    """Put back a backup's databases, all or those that are `wanted`, as they were at `target` where that is said.

    `into` is another store of the environment, for a newer server say: its own databases make room.

    `agree` is asked when all are there and were found to be as they were; Interrupted when it says no. Whatever fails
    leaves what is in use as it was, and nothing new. FairleadError; UsageError for a backup that there is not; Busy,
    also while somebody else changes the environment.
    """
    place = into or it
    with it.held("fairlead db restore", PATIENCE), _also(into), place.server() as server:
        begun = clock.boot_seconds()
        with held_environment(it.place):
            pass  # known before the work, not after it
        go_on(it.place, it.runtime)  # or whoever ends that later puts its own in the place of this
        with beside_live(it, place, server, Asked(which, wanted, target), say) as prospect:
            source, swaps = prospect.source, prospect.swaps
            if not agree(prospect):
                raise Interrupted("nothing was restored, and what is in use is as it was")
            said = {"id": source.id} | ({"from": it.store.name} if into else {})
            with held_environment(it.place):
                place.note("restore.begun", said | {"databases": [one_of.live for one_of in swaps]})
                have_live(server, swaps, source)
                swap(server, swaps)
        seconds = round(clock.boot_seconds() - begun, 3)
        aside = {done.live: done.aside for done in swaps}
        place.note("restore.done", said | {"databases": aside, "seconds": seconds, "moment": source.moment.isoformat()})
        note(place.note, prospect.schemas)
        return Restored(source.id, source.moment, swaps, seconds)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of which backup is wanted, as of when."""

    which: str
    databases: Sequence[str] | None = None  #: None: all
    moment: Target = None


@contextlib.contextmanager
def beside_live(
    it: Arrangement, place: Arrangement, server: Server, aim: Asked, say: Say,
    promised: Callable[[], bool] = lambda: False,
) -> Iterator[Prospect]:  # fmt: skip
    """Have what is restored in new databases, each as it was backed up. Nothing of it is left when the block fails.

    But when it was `promised` then that somebody goes on with it: that needs all of it.
    """
    written = coming.path_of(place.place, place.store.name)
    coming.settle(written, server)
    with contextlib.ExitStack() as stack:
        with source_of(it, aim.which, aim.moment, say) as source:
            names = existing(source.id, source.databases, aim.databases)
            require_space(data_folder(place, server), needed(source.facts, names), "what is restored")
            swaps = _swaps(names, databases_there(server))
            back = stack.enter_context(coming.roles(written, server, source.roles, swaps, promised))
            _beside(server, source, swaps, say)
        try:
            prospect = _prospect(server, source, swaps, back, place is not it)
            schemas = reverted(server, place.store, swaps, databases_there(server))
            whose = not_ours(it) + (_of_another(server, source) if place is it else ())
            yield replace(prospect, staying=_staying(place, server, source), schemas=schemas, whose=whose)
        except Unsure:
            raise
        except BaseException:
            for one_of in () if promised() else swaps:
                drop(server, one_of.new)
            raise


def _also(into: Arrangement | None) -> contextlib.AbstractContextManager[None]:
    return into.held("fairlead db restore") if into else contextlib.nullcontext()


@contextlib.contextmanager
def held_environment(place: Place, doing: str = "fairlead db restore") -> Iterator[None]:
    """No deployment meanwhile. Busy."""
    name = f"{place.project}/{place.environment}"
    with held_lock(place.lock, owner_text(doing), name, moment=MOMENT):
        yield


def go_on(place: Place, runtime: RuntimeName) -> None:
    """End a restore of which somebody was killed in the middle: half of it is nothing to copy. Busy."""
    if swapping.begun(place):
        with held_environment(place, "fairlead backup restore"):
            swapping.finish(place, runtime)


def _since(server: Server, source: Source) -> int | None:
    """Transactions of the whole server since then."""
    if source.transactions is None:
        return None
    with server.session(server.home) as connection:
        return max(0, int(one(connection, XID)) - source.transactions)


def _prospect(
    server: Server, source: Source, swaps: tuple[Swap, ...], back: tuple[str, ...], elsewhere: bool
) -> Prospect:
    losing = _losing(server, source, swaps)
    came = None if elsewhere else _since(server, source)  # another server counts by itself
    return Prospect(source, swaps, losing, _age(source), came, back)


def not_ours(it: Arrangement) -> tuple[str, ...]:
    """That another machine makes these backups: who restores from them had better know."""
    found = it.claim.others()
    return (f"the backups of {it.store.name} are made by {whose_in_words(found, it.claim.mine)}",) if found else ()


def _of_another(server: Server, source: Source) -> tuple[str, ...]:
    """A new server has another number, also where it took the place of the old one."""
    with server.session(server.home) as connection:
        live = str(server_facts(connection)["system"])
    if not live or not source.system or live == source.system:
        return ()
    return (f"{source.id} is of another PostgreSQL than the one here: of {source.system}, and this is {live}",)


def _staying(place: Arrangement, server: Server, source: Source) -> tuple[str, ...]:
    """Made since: a restore takes back what is in databases, and no database."""
    return tuple(name for name in place.databases(server) if name not in source.facts)


def _swaps(databases: Sequence[str], there: Collection[str]) -> tuple[Swap, ...]:
    """The names that each has, gets and leaves, none of which is `there`."""
    stamp = moment(there)
    return tuple(
        Swap(name, f"{short(name)}_restored_{stamp}", f"{short(name)}_before_{stamp}") for name in databases
    )  # fmt: skip


def _beside(server: Server, source: Source, swaps: Sequence[Swap], say: Say) -> None:
    """The new databases, each found to be as it was backed up."""
    made: list[Swap] = []
    try:
        for it in swaps:
            say(f"{it.live}: into {it.new}")
            source.fill(server, it.live, it.new)
            made.append(it)
            if wrong := compared(server, source.facts[it.live], it.new):
                what = f"what was restored of {it.live} is not what was backed up:\n  " + "\n  ".join(wrong[:10])
                raise FairleadError(what, "restore from another backup: fairlead backup list")
    except BaseException:
        for it in made:
            drop(server, it.new)
        raise


def short(database: str) -> str:
    """What of its name stays in those of its copies."""
    return database.encode()[:ROOM].decode(errors="ignore")


def _losing(server: Server, source: Source, swaps: Sequence[Swap]) -> Mapping[str, list[str]]:
    names = databases_there(server)
    found = dict(since(server, source.facts, [it.live for it in swaps if it.live in names]))
    return found | {it.live: ["it is not there now"] for it in swaps if it.live not in names}


def have_live(server: Server, swaps: Sequence[Swap], source: Source) -> None:
    """One that somebody dropped is made, empty, so that all change names in the same way."""
    names = databases_there(server)
    for it in swaps:
        if it.live not in names:
            create(server, it.live, source.facts[it.live]["properties"])


def _age(source: Source) -> float:
    return max(0.0, (clock.now() - source.moment).total_seconds())


def left(one: Arrangement) -> tuple[str, ...]:
    """The databases that restores put aside; never one that is declared."""
    own = declared(one.store)
    with one.server() as server:
        found = (name for it in one.databases(server) for name in restored_names(server, short(it)))
        return tuple(name for name in dict.fromkeys(found) if name not in own)


def drop_left(one: Arrangement, shown: Collection[str]) -> tuple[str, ...]:
    """Drop those of them that were `shown` to whoever agreed; which they were. Busy."""
    with one.held("fairlead backup prune"):
        with one.server() as server:
            coming.settle(coming.path_of(one.place, one.store.name), server)
        gone = tuple(name for name in left(one) if name in shown)
        with one.server() as server:
            for name in gone:
                drop(server, name)
    if gone:
        one.note("restore.pruned", {"databases": list(gone)})
    return gone
