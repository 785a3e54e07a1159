"""Everything a rollout acts on, in one place: runtime, edge, ledger, releases. The engine knows only the protocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.artifacts.release import Release, ReleaseStore
from fairlead.edges.base import Edge
from fairlead.errors import FairleadError
from fairlead.ledger.ledger import Ledger
from fairlead.project.stack import Stack, Stop
from fairlead.render.edge import EdgeTable
from fairlead.rollout.checks import PATIENCE
from fairlead.rollout.databases import Databases, NoDatabases
from fairlead.rollout.events import Emit, Event, silent
from fairlead.rollout.observed import Observed
from fairlead.rollout.routing import edge_table
from fairlead.rollout.specs import NOWHERE, Machine
from fairlead.rollout.state import read_state
from fairlead.rollout.steps import Shares
from fairlead.rollout.verdict.evidence import History
from fairlead.runtimes.base import Instance, Runtime
from fairlead.system.clock import wait_until


def pass_by(point: str) -> None:
    """The checkpoint of everyday: nothing."""


@dataclass
class World:
    """One environment, as the engine acts on it."""

    runtime: Runtime
    edge: Edge
    ledger: Ledger
    releases: ReleaseStore
    tree: Callable[[str], Path]  #: where the artifact of a digest lies
    python: str
    env: dict[str, str]
    emit: Emit = silent
    checkpoint: Callable[[str], None] = pass_by  #: called at every point of the journal, with its name
    free_space: Callable[[], bool] = lambda: False  #: gives up a reserve when the disk is full; False: none left
    sweep_artifacts: Callable[[], object] = lambda: None  #: removes what no release of the project names any more
    patience: float = PATIENCE  #: seconds a failing smoke test is tried again
    history: Callable[[str, float | None], History] = lambda release, over: History()
    """What a release answered lately; slow are answers that took longer than so many seconds."""
    evidence: Path | None = None  #: folder for what releases were judged by
    secrets: Path | None = None  #: folder in which secrets are handed over
    files: Path | None = None  #: folder of the files that were made of templates, by release
    migrations: Path | None = None  #: folder of the files that move schemas, by what is in them
    databases: Databases = field(default_factory=NoDatabases)
    hurry: bool = False  #: nobody waits for a person: what has to is left waiting at once
    shares: Shares = field(default_factory=Shares)  #: in force now, as far as this process knows
    table: EdgeTable | None = None  #: the same, as the edge was told

    def say(self, kind: str, text: str, **data: object) -> None:
        """Emit an event. A listener that went away (a closed pipe) must not stop a rollout or its way back."""
        try:
            self.emit(Event(kind, text, data))
        except OSError:
            self.emit = silent

    def with_space(self, act: Callable[[], None]) -> None:
        """Try again with the reserve given up when it fails, which on a full disk makes the difference."""
        try:
            act()
        except (FairleadError, OSError):
            if not self.free_space():
                raise
            act()

    def machine(self, release: Release) -> Machine:
        """What the specs of a release need to know of this machine: as it was deployed with, whoever asks now."""
        containers = release.stack.runtime != "process"
        trees = {} if containers else {digest: self.tree(digest) for digest in release.artifacts.values()}
        python, env = release.machine.get("python", self.python), release.machine.get("env", self.env)
        root = release.machine.get("root", "/")
        return Machine(trees, python, env, self.secrets or NOWHERE, self.files or NOWHERE, containers, root)

    def observe(self) -> Observed:
        """The environment now. A live release whose file is damaged counts as none: another can take its place."""
        state = read_state(self.ledger)
        instances = self.runtime.observe()
        present = {one.release for one in instances}
        warm = tuple(release for release in state.warm_now() if release in present)
        release = self.releases.load_or_none(state.live) if state.live else None
        if release is None:
            return Observed(warm=warm, instances=instances)
        return Observed(release.id, release.stack, warm, instances)

    def route(self, shares: Shares, seen: Iterable[Instance] | None = None) -> bool:
        """Have these shares in force at the edge, with the instances that are well now; whether that is a change.

        `seen`: all instances, where the caller has just looked at them.
        """
        table = self._table(shares, self.runtime.observe() if seen is None else seen)
        changed = table != self.table
        self.edge.route(table)
        self.shares, self.table = shares, table
        return changed

    def _table(self, shares: Shares, seen: Iterable[Instance]) -> EdgeTable:
        return edge_table(shares, self._stacks(shares), seen)

    def refresh(self) -> bool:
        """Tell the edge which instances are well now; nothing is written when nothing changed, or nothing is known."""
        return bool(self.shares.releases()) and self.route(self.shares)

    def announce(self) -> None:
        """Tell the edge of instances that have become well; it is not asked again about what it was told already."""
        seen = self.runtime.observe()
        if self.shares.releases() and self._table(self.shares, seen) != self.table:
            self.route(self.shares, seen)

    def instances_of(self, release: str, service: str) -> tuple[Instance, ...]:
        """The instances of one service of a release."""
        return tuple(one for one in self.runtime.observe() if (one.release, one.service) == (release, service))

    def _stacks(self, shares: Shares) -> dict[str, Stack]:
        found = ((name, self.releases.load_or_none(name)) for name in shares.releases())
        return {name: release.stack for name, release in found if release}

    def instances(self, ids: Collection[str]) -> tuple[Instance, ...]:
        """Those of these ids that exist."""
        return tuple(one for one in self.runtime.observe() if one.id in ids)

    def drain(self, ids: Collection[str]) -> None:
        """Wait until the edge holds no connection to them, at most as long as their `drain` says."""
        known = [one for one in self.instances(ids) if one.port and one.living]
        if not known:
            return
        longest = max(self._drain_of(one) for one in known)
        wait_until(lambda: self.runtime.open_connections(ids) == 0, longest, every=0.02, most=0.1)

    def drained(self, one: Instance, waited: float) -> bool:
        """Whether an instance that has had nothing new for `waited` seconds may be stopped."""
        if not one.port or not one.living:
            return True
        return self.runtime.open_connections([one.id]) == 0 or waited >= self._drain_of(one)

    def _drain_of(self, one: Instance) -> float:
        release = self.releases.load_or_none(one.release)
        return release.stack.service(one.service).stop.drain if release else Stop().drain
