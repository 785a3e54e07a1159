"""The swap of a restore: everything is in place when it is done, and whoever was killed in it is followed by another.

`backups/restore.json` says what takes whose place, from before the first name changes until after the last. All that
is restored is whole by then, so whoever finds that file goes on: each step looks at what is there and may run twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairlead.artifacts.origin import owner_text
from fairlead.backups.restoring import Swap
from fairlead.errors import FairleadError, Refused
from fairlead.operations.backups.spots import Spots, kept_of, spots_of, users_of
from fairlead.project.stack import RuntimeName, Store
from fairlead.system.files import read_json, sync_folder, write_json
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

JOURNAL = "restore.json"
PATIENCE = 120.0  #: seconds for names to change, by somebody else
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
    ran: bool = True  #: the store; one that was stopped stays so
    users: tuple[str, ...] = ()  #: the containers that run with a volume


def path_of(place: Place) -> Path:
    """Where the swap is written down."""
    return place.backups / JOURNAL


def begun(place: Place) -> bool:
    """Whether one was begun that nobody ended."""
    return path_of(place).exists()


def write(place: Place, id: str, steps: Iterable[Step]) -> None:
    """From now on it is done, whatever happens. Refused while there is another one that nobody ended."""
    if begun(place):
        what = f"a restore of {place.project}/{place.environment} was cut short meanwhile, and is not ended"
        raise Refused(what, "restore again: that ends it first")
    write_json(path_of(place), {"id": id, "steps": [asdict(one) for one in steps]}, 0o600)


def forget(place: Place) -> None:
    """It is done, or nothing of it."""
    path_of(place).unlink(missing_ok=True)
    sync_folder(place.backups)


def finish(place: Place, runtime: RuntimeName) -> tuple[str, ...]:
    """Go on with one that was begun; of which stores. Whoever calls this holds the environment. FairleadError."""
    if not begun(place):
        return ()
    with held(place):
        said = read_json(path_of(place)) if begun(place) else None  # somebody may have been faster
        steps = [_step(one) for one in said["steps"]] if said else []
        carry(place, runtime, steps)
        forget(place)
    return tuple(one.store for one in steps)


def _step(said: dict[str, Any]) -> Step:
    return Step(**said | {key: tuple(said[key]) for key in ("databases", "users")})


def held(place: Place) -> contextlib.AbstractContextManager[object]:
    """Be the only one at it: the keeper starts stores of a rollout that is under way without the environment. Busy."""
    name = f"the restore of {place.project}/{place.environment}"
    return held_lock(place.backups / "swap.lock", owner_text("fairlead backup restore"), name, PATIENCE)


def carry(place: Place, runtime: RuntimeName, steps: Sequence[Step], say: Say = lambda _: None) -> None:
    """All of them, the databases first, as they can say no. Those that ran run again then. FairleadError."""
    for step in sorted(steps, key=lambda one: one.kind != "postgres"):
        say(f"{step.store}: into its place")
        if step.kind == "postgres":
            _databases(place, runtime, step)
        else:
            _files(place, runtime, step)


def _databases(place: Place, runtime: RuntimeName, step: Step) -> None:
    """In one transaction, so either all of them or none have changed. FairleadError when what is new is gone."""
    from fairlead.backups.restoring import databases_there, swap  # noqa: PLC0415 — psycopg
    from fairlead.operations.backups.reach import server_of  # noqa: PLC0415

    wanted = [Swap(**one) for one in step.databases]
    with server_of(place, runtime, kept_of(place, step.store).store, None, "a restore") as server:
        names = databases_there(server)
        if all(one.new in names for one in wanted):
            swap(server, wanted)
        elif not all(one.aside in names for one in wanted):
            raise _lost(place, step)


def _lost(place: Place, step: Step) -> FairleadError:
    """Somebody removed it meanwhile. Never silently: the rest would be of another time than this."""
    gone = ", ".join(one["new"] for one in step.databases)
    hint = f"what is in use is as it was; to have it stay so remove {path_of(place)}, and restore again"
    return FairleadError(f"a restore of {step.store} was cut short, and {gone} is gone since", hint)


def _files(place: Place, runtime: RuntimeName, step: Step) -> None:
    from fairlead.stores.table import stores_of  # noqa: PLC0415 — start-up of whoever only asks `begun`

    volume = step.kind == "volume"
    store = Store(step.store, "volume", path=step.path) if volume else kept_of(place, step.store).store
    with spots_of(place, runtime, store) as spots, _standing(spots, step.users):
        if not volume:
            stores_of(runtime, place).stop([step.store])
        for spot in spots.spots:
            spot.swap(step.stamp)
    if not volume and step.ran:
        stores_of(runtime, place).start([step.store])


@contextlib.contextmanager
def _standing(spots: Spots, users: Sequence[str]) -> Iterator[None]:
    """Who has a volume open would write into what is put aside. Those that were removed since are no matter."""
    from fairlead.engine.failures import NotThere  # noqa: PLC0415 — only with an engine

    engine = spots.helper[0] if spots.helper else None
    for name in users:
        if engine:
            engine.stop(name, GRACE)
    yield
    for name in users:
        with contextlib.suppress(NotThere):
            if engine:
                engine.start(name)


def users(place: Place, step: Step) -> tuple[str, ...]:
    """The containers that run with a volume; of a folder nobody knows."""
    if step.kind != "volume" or step.path is not None:
        return ()
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415

    owner = Owner.of(place)
    return users_of(Engine(), owner, owner.name(step.store))
