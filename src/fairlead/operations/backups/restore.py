"""`db restore`: a backup put back into new databases, looked at, and swapped with those in use when a person agrees."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairlead.backups.catalogue import Backup, chosen
from fairlead.backups.restoring import (
    Reader,
    Swap,
    compared,
    create,
    drop,
    drop_roles,
    existing,
    globals_of,
    have_roles,
    put_back,
    restored_names,
    roles_there,
    since,
    swap,
)
from fairlead.backups.server import TRANSIENT, Server
from fairlead.backups.verifying import require_whole
from fairlead.errors import FairleadError, Interrupted
from fairlead.operations.backups.arrangement import PATIENCE, Arrangement, require_identities
from fairlead.operations.backups.space import data_folder, needed, require_space
from fairlead.project.access import databases as declared
from fairlead.system import clock

Say = Callable[[str], object]
ROOM = 38  #: bytes of a database's name that stay beside a moment: PostgreSQL cuts names after 63


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a restore would do now, with the new databases there already."""

    backup: Backup
    swaps: tuple[Swap, ...]
    losing: Mapping[str, list[str]]  #: by database: what is not as in the backup
    age: float  #: seconds since what comes back was true
    roles: tuple[str, ...] = ()  #: that were removed since, and come back


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    backup: Backup
    swaps: tuple[Swap, ...]
    seconds: float


def restore(
    one: Arrangement, which: str, wanted: Sequence[str] | None, agree: Callable[[Prospect], bool],
    say: Say = lambda _: None, into: Arrangement | None = None,
) -> Restored:  # fmt: skip
    """Put back a backup's databases, all or those that are `wanted`; `into` another store of the environment.

    `agree` is asked when all are there and were found to be as they were; Interrupted when it says no. Whatever fails
    leaves what is in use as it was, and nothing new. FairleadError; UsageError for a backup that there is not; Busy.
    """
    place = into or one
    with one.held("fairlead db restore", PATIENCE), _also(into), place.server() as server:
        begun = clock.boot_seconds()
        backup = chosen(one.catalogue.all(), which)
        reader = Reader(one.catalogue, require_identities(backup.id))
        require_whole(one.catalogue, backup)
        names = existing(backup, wanted)
        require_space(data_folder(place, server), needed(backup, names), "what is restored")
        with _roles(server, globals_of(reader, backup)) as back:
            swaps = _beside(server, reader, backup, names, say)
            try:
                prospect = Prospect(backup, swaps, _losing(server, backup, swaps), _age(backup), back)
                if not agree(prospect):
                    raise Interrupted("nothing was restored, and what is in use is as it was")
                said = {"id": backup.id} | ({"from": one.store.name} if into else {})
                place.note("restore.begun", said | {"databases": [it.live for it in swaps]})
                _have_live(server, swaps, backup)
                swap(server, swaps)
            except BaseException:
                for it in swaps:
                    drop(server, it.new)
                raise
        seconds = round(clock.boot_seconds() - begun, 3)
        aside = {it.live: it.aside for it in swaps}
        place.note("restore.done", said | {"databases": aside, "seconds": seconds})
        return Restored(backup, swaps, seconds)


def _also(into: Arrangement | None) -> contextlib.AbstractContextManager[None]:
    return into.held("fairlead db restore") if into else contextlib.nullcontext()


@contextlib.contextmanager
def _roles(server: Server, sql: str) -> Iterator[tuple[str, ...]]:
    """Those that are gone are made again; which they were. Gone once more when anything fails."""
    before = roles_there(server)
    have_roles(server, sql)
    back = tuple(sorted(name for name in roles_there(server) - before if not name.startswith(TRANSIENT)))
    try:
        yield back
    except BaseException:
        drop_roles(server, back)
        raise


def _beside(server: Server, reader: Reader, backup: Backup, databases: Sequence[str], say: Say) -> tuple[Swap, ...]:
    """The new databases, each found to be as it was backed up."""
    stamp = f"{clock.now():%Y%m%dT%H%M%S}"
    swaps = tuple(
        Swap(one, f"{short(one)}_restored_{stamp}", f"{short(one)}_before_{stamp}") for one in databases
    )  # fmt: skip
    made: list[Swap] = []
    try:
        for it in swaps:
            say(f"{it.live}: into {it.new}")
            put_back(server, reader, backup, it.live, it.new)
            made.append(it)
            if wrong := compared(server, backup, it.live, it.new):
                what = f"what was restored of {it.live} is not what was backed up:\n  " + "\n  ".join(wrong[:10])
                raise FairleadError(what, "restore from another backup: fairlead backup list")
    except BaseException:
        for it in made:
            drop(server, it.new)
        raise
    return swaps


def short(database: str) -> str:
    """What of its name stays in those of its copies."""
    return database.encode()[:ROOM].decode(errors="ignore")


def _losing(server: Server, backup: Backup, swaps: Sequence[Swap]) -> Mapping[str, list[str]]:
    there = _there(server)
    found = dict(since(server, backup, [it.live for it in swaps if it.live in there]))
    return found | {it.live: ["it is not there now"] for it in swaps if it.live not in there}


def _there(server: Server) -> set[str]:
    with server.session(server.home) as connection:
        return {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database").fetchall()}


def _have_live(server: Server, swaps: Sequence[Swap], backup: Backup) -> None:
    """One that somebody dropped is made, empty, so that all change names in the same way."""
    there = _there(server)
    for it in swaps:
        if it.live not in there:
            create(server, it.live, backup.facts[it.live]["properties"])


def _age(backup: Backup) -> float:
    return max(0.0, (clock.now() - backup.moment).total_seconds())


def left(one: Arrangement) -> tuple[str, ...]:
    """The databases that restores put aside; never one that is declared."""
    own = declared(one.store)
    with one.server() as server:
        there = (name for it in one.databases(server) for name in restored_names(server, short(it)))
        return tuple(name for name in dict.fromkeys(there) if name not in own)


def drop_left(one: Arrangement, shown: Collection[str]) -> tuple[str, ...]:
    """Drop those of them that were `shown` to whoever agreed; which they were. Busy."""
    with one.held("fairlead backup prune"):
        gone = tuple(name for name in left(one) if name in shown)
        with one.server() as server:
            for name in gone:
                drop(server, name)
    if gone:
        one.note("restore.pruned", {"databases": list(gone)})
    return gone
