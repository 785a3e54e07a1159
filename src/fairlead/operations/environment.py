"""One environment of this machine, opened: its place, and the world the engine acts on."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.artifacts import ArtifactStore, ReleaseStore
from fairlead.edges.table import edge_of
from fairlead.errors import UsageError
from fairlead.ledger import Ledger
from fairlead.project.stack import RuntimeName
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.state import State, read_state
from fairlead.rollout.world import World
from fairlead.runtimes.table import runtime_of
from fairlead.system import clock
from fairlead.system.home import Place
from fairlead.system.lock import FileLock, held_lock

LOCK_PATIENCE = 10.0  #: seconds a command waits for the keeper or a short command of somebody else


@dataclass(frozen=True, slots=True)
class Environment:
    """An opened environment."""

    place: Place
    ledger: Ledger
    world: World
    artifacts: ArtifactStore

    @property
    def state(self) -> State:
        """What the ledger says it should be."""
        return read_state(self.ledger)

    @contextlib.contextmanager
    def held(self, doing: str, wait: float = LOCK_PATIENCE) -> Iterator[None]:
        """Be the only one who changes it. Busy, saying who is and since when, after `wait` seconds."""
        what = f"{self.place.project}/{self.place.environment}"
        with held_lock(self.place.lock, owner_text(doing), what, wait, lambda text: self.world.say("note", text)):
            yield


def owner_text(doing: str) -> str:
    """Who holds a lock, for the message another one gets."""
    return f"{getpass.getuser()}@{socket.gethostname()} (`{doing}`, pid {os.getpid()}) since {clock.now():%H:%M:%S} UTC"


@contextlib.contextmanager
def opened(place: Place, runtime: RuntimeName, emit: Emit = silent) -> Iterator[Environment]:
    """Open an environment, making its folders when it is new."""
    place.create()
    with Ledger.open(place.ledger) as ledger:
        artifacts = ArtifactStore(place.artifacts)
        releases = ReleaseStore(place.releases)
        world = World(
            runtime_of(runtime, place), edge_of(runtime, place), ledger, releases, artifacts.path,
            python=str(interpreter()), env=inherited(), emit=emit,
            free_space=place.free_reserve, sweep_artifacts=lambda: sweep(place, artifacts),
        )  # fmt: skip
        yield Environment(place, ledger, world, artifacts)


@contextlib.contextmanager
def existing(place: Place, emit: Emit = silent) -> Iterator[Environment]:
    """Open an environment that something was deployed to, with the settings of its live release."""
    if not place.exists():
        hint = f"deploy to it first: fairlead deploy {place.environment}"
        raise UsageError(f"nothing was ever deployed to {place.project}/{place.environment} on this machine", hint)
    with Ledger.open(place.ledger) as ledger:
        live = read_state(ledger).live
    stack = ReleaseStore(place.releases).load(live).stack if live else None
    with opened(place, stack.runtime if stack else "process", emit) as environment:
        yield environment


def interpreter() -> Path:
    """The Python that `${PYTHON}` stands for: not that of Fairlead's own virtual environment, but the one below it."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def inherited() -> dict[str, str]:
    """What instances get of the environment of the person who deploys: where programs are found, nothing else."""
    names = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ} | {"PYTHONDONTWRITEBYTECODE": "1"}


def sweep(place: Place, artifacts: ArtifactStore) -> None:
    """Remove artifacts that no release of any environment of the project names."""
    folders = [folder / "releases" for folder in place.root.parent.iterdir() if (folder / "releases").is_dir()]
    lock = FileLock(builds_lock(place))
    if not lock.acquire(owner_text("sweep")):
        return  # somebody builds; the next deployment sweeps
    try:
        used = {digest for folder in folders for one in ReleaseStore(folder).all() for digest in one.artifacts.values()}
        for digest in artifacts.all() - used:
            artifacts.remove(digest)
        artifacts.sweep()
    finally:
        lock.release()


def builds_lock(place: Place) -> Path:
    """Held, shared, from the build of an artifact to the release that names it; and alone while unused ones go."""
    return place.root.parent / "artifacts.lock"
