"""The swap of a restore: everything is in place when it is done, and whoever was killed in it is followed by another.

`backups/restore.json` says what takes whose place, from before the first name changes until after the last. All that
is restored is whole by then, so whoever finds that file goes on: each step looks at what is there and may run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from fairlead.backups.restoring import Swap
from fairlead.operations.backups.spots import Spots, kept_of, spots_of, users_of
from fairlead.project.stack import RuntimeName, Store
from fairlead.system.files import read_json, sync_folder, write_json
from fairlead.system.home import Place

JOURNAL = "restore.json"
GRACE = 30.0  #: seconds for a service that has a volume

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Step:
    """What takes its place in one store or volume."""

    store: str
    kind: str  #: of the store
    stamp: str  #: of the new folder, and of what is put aside
    path: str | None = None  #: of a volume that is a folder
    databases: tuple[dict[str, str], ...] = ()  #: of a PostgreSQL: the three names of each


def path_of(place: Place) -> Path:
    """Where the swap is written down."""
    return place.backups / JOURNAL


def begun(place: Place) -> bool:
    """Whether one was begun that nobody ended."""
    return path_of(place).exists()


def write(place: Place, id: str, steps: Iterable[Step]) -> None:
    """From now on it is done, whatever happens."""
    write_json(path_of(place), {"id": id, "steps": [asdict(one) for one in steps]}, 0o600)


def forget(place: Place) -> None:
    """It is done, or nothing of it."""
    path_of(place).unlink(missing_ok=True)
    sync_folder(place.backups)


def finish(place: Place, runtime: RuntimeName) -> tuple[str, ...]:
    """Go on with one that was begun; of which stores. Whoever calls this holds the environment. FairleadError."""
    said = read_json(path_of(place)) if begun(place) else None
    if not said:
        return ()
    steps = [Step(**one | {"databases": tuple(one["databases"])}) for one in said["steps"]]
    carry(place, runtime, steps)
    forget(place)
    return tuple(one.store for one in steps)


def carry(place: Place, runtime: RuntimeName, steps: Sequence[Step], say: Say = lambda _: None) -> None:
    """All of them, the databases first, as they can say no. Those that ran run again then. FairleadError."""
    for step in sorted(steps, key=lambda one: one.kind != "postgres"):
        say(f"{step.store}: into its place")
        if step.kind == "postgres":
            _databases(place, runtime, step)
        else:
            _files(place, runtime, step)


def _databases(place: Place, runtime: RuntimeName, step: Step) -> None:
    """In one transaction, so either all of them or none have changed."""
    from fairlead.backups.restoring import databases_there, swap  # noqa: PLC0415 — psycopg
    from fairlead.operations.backups.reach import server_of  # noqa: PLC0415

    wanted = [Swap(**one) for one in step.databases]
    with server_of(place, runtime, kept_of(place, step.store).store, None, "a restore") as server:
        names = databases_there(server)
        if all(one.new in names for one in wanted):
            swap(server, wanted)


def _files(place: Place, runtime: RuntimeName, step: Step) -> None:
    from fairlead.stores.table import stores_of  # noqa: PLC0415 — start-up of whoever only asks `begun`

    volume = step.kind == "volume"
    store = Store(step.store, "volume", path=step.path) if volume else kept_of(place, step.store).store
    with spots_of(place, runtime, store) as spots:
        if volume:
            _stop_users(place, spots)
        else:
            stores_of(runtime, place).stop([step.store])
        for spot in spots.spots:
            spot.swap(step.stamp)
    if not volume:
        stores_of(runtime, place).start([step.store])


def _stop_users(place: Place, spots: Spots) -> None:
    """Who has a volume open writes into what is put aside. They are started again by `up`, or the keeper."""
    if spots.helper is None:
        return
    from fairlead.engine.owner import Owner  # noqa: PLC0415 — only with an engine

    engine, owner = spots.helper[0], Owner.of(place)
    for spot in spots.spots:
        for name in users_of(engine, owner, owner.name(spot.name)):
            engine.stop(name, GRACE)
