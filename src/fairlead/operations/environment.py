"""One environment of this machine, opened: its place, and the world the engine acts on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts import ArtifactStore, ReleaseStore
from fairlead.artifacts.origin import owner_text
from fairlead.artifacts.prepare import base_python
from fairlead.edges.table import edge_of
from fairlead.errors import UsageError
from fairlead.ledger import Ledger
from fairlead.operations.images import image_store
from fairlead.operations.runtime_kept import keep_runtime, kept_runtime
from fairlead.operations.schema.releases import OfReleases
from fairlead.project.stack import RuntimeName
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.evidence.history import HOUR, history
from fairlead.rollout.evidence.samples import sample
from fairlead.rollout.state import State, read_state
from fairlead.rollout.verdict.evidence import History, Side
from fairlead.rollout.world import World
from fairlead.runtimes.table import runtime_of
from fairlead.supervisor.boots import forget_other_boots
from fairlead.system.home import Place
from fairlead.system.lock import FOR_A_MOMENT, FileLock, held_lock
from fairlead.system.ports import Ports

if TYPE_CHECKING:
    from fairlead.artifacts.images import ImageStore

ENOUGH = 200  #: answers in the last hour for it to say what is usual
LOCK_PATIENCE = 10.0  #: seconds a command waits for a short command of somebody else
#: Seconds a command waits for a short act of the keeper, however little patience it was told to have. The longest one
#: is another Traefik, and one more in its place, each of which lets answers end that began before.
MOMENT = 90.0


@dataclass(frozen=True, slots=True)
class Environment:
    """An opened environment."""

    place: Place
    ledger: Ledger
    world: World
    artifacts: ArtifactStore
    runtime: RuntimeName = "process"

    @property
    def state(self) -> State:
        """What the ledger says it should be."""
        return read_state(self.ledger)

    @contextlib.contextmanager
    def held(self, doing: str, wait: float = LOCK_PATIENCE) -> Iterator[None]:
        """Be the only one who changes it. Busy, saying who is and since when, after `wait` seconds.

        The keeper in one of its short acts is waited for in any case.
        """
        say = self.world.say
        with held_lock(self.place.lock, owner_text(doing), self._name, wait, lambda t: say("note", t), moment=MOMENT):
            self.place.sweep()
            Ports(self.place.ports).sweep()
            yield

    @contextlib.contextmanager
    def held_briefly(self, doing: str) -> Iterator[FileLock]:
        """The same for a moment: Busy at once when it is held. Who finds that it takes longer signs the lock anew."""
        with held_lock(self.place.lock, owner_text(doing) + FOR_A_MOMENT, self._name) as lock:
            yield lock

    @contextlib.contextmanager
    def undisturbed(self, doing: str) -> Iterator[None]:
        """For a look while nobody changes it: Busy, saying who does, but an act of the keeper is waited for."""
        owner = owner_text(doing) + FOR_A_MOMENT
        with held_lock(self.place.lock, owner, self._name, moment=MOMENT):
            yield

    @property
    def _name(self) -> str:
        return f"{self.place.project}/{self.place.environment}"


@contextlib.contextmanager
def opened(place: Place, runtime: RuntimeName, emit: Emit = silent) -> Iterator[Environment]:
    """Open an environment, making its folders when it is new."""
    place.create()
    if runtime == "process":
        forget_other_boots(place)
    keep_runtime(place, runtime)
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        artifacts = ArtifactStore(place.artifacts)
        images = image_store(place) if runtime != "process" else None
        releases = ReleaseStore(place.releases)
        world = World(
            runtime_of(runtime, place), edge_of(runtime, place), ledger, releases, artifacts.path,
            **machine_facts(), emit=emit, free_space=place.free_reserve,
            sweep_artifacts=lambda: sweep(place, artifacts, lambda text: world.say("note", text), images),
            history=lambda release, over: answered_lately(place, releases, release, over),
            evidence=place.root / "evidence", secrets=place.secrets, files=place.files, migrations=place.migrations,
        )  # fmt: skip
        world.databases = OfReleases(place.migrations, lambda text: world.say("note", text), world.machine)
        yield Environment(place, ledger, world, artifacts, runtime)


@contextlib.contextmanager
def existing(place: Place, emit: Emit = silent) -> Iterator[Environment]:
    """Open an environment that something was deployed to, with the runtime of its live release.

    A live release that cannot be read is no reason not to: it can still be stopped, looked at and deployed to.
    """
    if not place.exists():
        hint = f"deploy to it first: fairlead deploy {place.environment}"
        raise UsageError(f"nothing was ever deployed to {place.project}/{place.environment} on this machine", hint)
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        live = read_state(ledger).live
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    with opened(place, release.stack.runtime if release else kept_runtime(place), emit) as environment:
        yield environment


def answered_lately(place: Place, releases: ReleaseStore, id: str, over: float | None) -> History:
    """What a release answered before the rollout that is under way, with `over` as it is judged by now.

    What is usual changes with the hour: where a service was worse in the last hour than over the day, that hour counts.
    """
    release = releases.load_or_none(id) if id else None
    if release is None:
        return History()
    services = [service.name for service in release.stack.services if service.routes]
    day, hour = history(place, id, services, over), history(place, id, services, over, HOUR)
    worse = {name: side for name, side in hour.services.items() if _worse(side, day.services[name])}
    return History(day.services | worse, day.seconds)


def _worse(hour: Side, day: Side) -> bool:
    """Errors or slow answers are more common, in enough answers to say so."""
    slow = (hour.slow or 0) * day.requests > (day.slow or 0) * hour.requests
    return hour.requests >= ENOUGH and (slow or hour.errors * day.requests > day.errors * hour.requests)


def sample_live(environment: Environment, live: str, last: bool = False) -> None:
    """Keep what the live release has answered so far, about once a minute, and right before a rollout (`last`)."""
    release = environment.world.releases.load_or_none(live)
    services = [service.name for service in release.stack.services if service.routes] if release else []
    if services:
        sample(environment.place, environment.world.edge, live, services, last)


def machine_facts(root: Path | None = None) -> dict[str, Any]:
    """What a release is deployed with and keeps: `python`, and `env`, the variables that its instances inherit.

    And `root`, the folder of its project file.
    """
    return {"python": base_python(), "env": inherited()} | ({"root": str(root)} if root else {})


def inherited() -> dict[str, str]:
    """What instances get of the environment of the person who deploys: where programs are found, nothing else."""
    names = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ} | {"PYTHONDONTWRITEBYTECODE": "1"}


def sweep(
    place: Place, artifacts: ArtifactStore, say: Callable[[str], object], images: ImageStore | None = None
) -> None:
    """Remove artifacts that no release of any environment of the project names; none while one cannot be read.
    An image that a store is made from is needed too.

    `images`: of an environment that has an engine.
    """
    lock = FileLock(builds_lock(place))
    if not lock.acquire(owner_text("sweep")):
        return  # somebody builds; the next deployment sweeps
    try:
        stores = [ReleaseStore(folder / "releases") for folder in place.root.parent.iterdir() if folder.is_dir()]
        unreadable = [str(store.folder / f"{id}.json") for store in stores for id in store.unreadable()]
        if unreadable:
            say(f"old artifacts stay, as it is not known what these use: {', '.join(unreadable)}")
            return
        used = {digest for store in stores for one in store.all() for digest in one.artifacts.values()}
        for digest in artifacts.all() - used:
            artifacts.remove(digest)
        artifacts.sweep()
        if images is not None:
            from fairlead.stores.aside import images_of  # noqa: PLC0415 — only where there is an engine

            images.sweep(used.union(*(images_of(store.folder.parent) for store in stores)))
    finally:
        lock.release()


def builds_lock(place: Place) -> Path:
    """Held, shared, from the build of an artifact to the release that names it; and alone while unused ones go."""
    return place.root.parent / "artifacts.lock"
