"""Worlds in memory over a real ledger: to deploy in, to stop at any moment, to copy as a kill would leave them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from fairlead.artifacts import ArtifactStore, Release, ReleaseStore
from fairlead.edges.fake import FakeEdge
from fairlead.ledger import Ledger
from fairlead.operations.environment import Environment
from fairlead.operations.transition import Intent, Result, carry_out
from fairlead.project.stack import CanaryStep, Job, Judge, Rollout, Route, Service, Shadow, Smoke, Stack, Stop, Strategy
from fairlead.rollout.world import World, pass_by
from fairlead.runtimes.fake import Copy, FakeRuntime
from fairlead.system.home import Place

QUICK = Stop(drain=0.05, grace=0.1)
QUICKLY = Judge(errors_below=0.99, probe_rate=200.0)  # one good answer shows enough
CAREFUL = {"shadow": Shadow(50.0, 0.0), "sticky": True}
STRATEGIES: tuple[Strategy, ...] = ("blue-green", "canary", "rolling")


def service(name: str, *paths: str, replicas: int = 1, **more: object) -> Service:
    """A service that takes requests for these paths."""
    routes = tuple(Route(path) for path in paths)
    return Service(name, f"run {name}", port=80, routes=routes, replicas=replicas, stop=QUICK, **more)


def worker(name: str, **more: object) -> Service:
    """A service without a port."""
    return Service(name, f"run {name}", stop=QUICK, **more)


def stack(*items: Service | Job, strategy: Strategy = "blue-green", version: int = 1, **rollout: object) -> Stack:
    """A stack of these; another version is another release. Canary steps do not pause."""
    services = tuple(replace(one, env={"VERSION": str(version)}) for one in items if isinstance(one, Service))
    jobs = tuple(one for one in items if isinstance(one, Job))
    settings = Rollout(strategy, **{"steps": (CanaryStep(20), CanaryStep(60)), "judge": QUICKLY, **rollout})
    return Stack("shop", "live", services=services, jobs=jobs, smoke=(Smoke("/"),), rollout=settings)


def shop(strategy: Strategy, version: int) -> Stack:
    """Something of everything."""
    return stack(
        service("api", "/api", replicas=2),
        service("web", "/", replicas=2, needs=("api",)),
        service("inner"),
        worker("clock"),
        worker("mailer", handover="overlap"),
        Job("seed", "run seed"),
        Job("late", "run late", when="after-traffic"),
        strategy=strategy,
        version=version,
        **(CAREFUL if strategy == "canary" else {}),
    )


def rebuilt(strategy: Strategy, version: int) -> Stack:
    """The shop after a rebuild: services gone, new, of another number and another kind; `/` is another one's."""
    return stack(
        service("site", "/", "/new", replicas=2),
        service("api", "/api", replicas=3, needs=("site",)),
        worker("clock", handover="overlap"),
        worker("mailer"),
        worker("inner"),
        strategy=strategy,
        version=version,
    )


@dataclass
class FakeMachine:
    """A folder with ledger and releases, and the fakes: what outlives a process."""

    folder: Path
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    edge: FakeEdge = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.place = Place(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.edge = self.edge or FakeEdge(self.runtime)
        self.releases = ReleaseStore(self.place.releases)
        self._told, self._words = None, ()

    def opened(self, checkpoint: Callable[[str], None] = pass_by) -> Environment:
        """What a new process makes of it; close its ledger."""
        ledger = Ledger.open(self.place.ledger)
        world = World(
            self.runtime, self.edge, ledger, self.releases, lambda digest: self.folder, "python", {},
            checkpoint=checkpoint, patience=0.0, secrets=self.place.secrets,
        )  # fmt: skip
        return Environment(self.place, ledger, world, ArtifactStore(self.place.artifacts))

    def release(self, stack: Stack) -> Release:
        """Save the release of a stack."""
        return self.releases.save(Release.of(stack, {}, {}))

    def deploy(self, stack: Stack, checkpoint: Callable[[str], None] = pass_by, **intent: object) -> Result:
        """Deploy it as `fairlead deploy` does, from the plan on."""
        release = self.release(stack)
        environment = self.opened(checkpoint)
        try:
            return carry_out(environment, release, Intent("deploy", stack.rollout.strategy, **intent))
        finally:
            environment.ledger.close()

    def copy(self, folder: Path) -> FakeMachine:
        """The machine as it is now, as if every process of Fairlead had been killed."""
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("*-shm"))
        old = self.runtime
        runtime = FakeRuntime(dict(old.behaviours), _copies(old.copies), dict(old.ports), pids=old.pids)
        runtime.cut, runtime.jobs = list(old.cut), list(old.jobs)
        edge = FakeEdge(runtime, table=self.edge.table, history=list(self.edge.history), running=self.edge.running)
        edge.cut = list(self.edge.cut)
        return FakeMachine(folder, runtime, edge)

    def shape(self) -> tuple[object, ...]:
        """What there is, apart from jobs that have ended: two machines of one shape are the same to everybody.

        Of the edge's table what users get, and which releases a header reaches; the pool of a release that rests may
        still list instances that rest too.
        """
        copies, table = self.runtime.copies, self.edge.table
        if self._told is not table:  # most moments are changes of the instances alone
            self._told, self._words = table, tuple(map(repr, table.routes))
        pools = {pool.name: tuple(map(self.runtime.holder, pool.ports)) for pool in table.pools}
        kept = {id for id, one in copies.items() if one.living or not one.spec.job}
        return (
            tuple((id, copies[id].living, copies[id].verified, copies[id].port) for id in sorted(kept)),
            tuple(sorted((port, holder) for port, holder in self.runtime.ports.items())),
            (self._words, tuple(tuple(pools[name] for name, _ in one.weights) for one in table.routes)),
            frozenset((one.release, one.host, one.path) for one in table.headers),
        )


def _copies(copies: dict[str, Copy]) -> dict[str, Copy]:
    return {id: replace(one) for id, one in copies.items()}


def memory() -> str | None:
    """A folder that costs no disk, where the machine has one: a ledger syncs at every entry."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class Folders:
    """Fresh folders below one."""

    def __init__(self, parent: Path) -> None:
        self.parent, self.numbers = parent, count()

    def new(self) -> Path:
        return self.parent / str(next(self.numbers))
