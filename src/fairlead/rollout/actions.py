"""What each kind of step does, and how it is taken back. All of it idempotent: it looks before it acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.render.edge import USERS
from fairlead.rollout import checks, specs
from fairlead.rollout.journal import Journal, OpenRollout
from fairlead.rollout.judging import LOOK, Judging
from fairlead.rollout.migrating import Migrating
from fairlead.rollout.observed import instance_ids
from fairlead.rollout.orders import Orders
from fairlead.rollout.parts import is_public
from fairlead.rollout.prune import prune
from fairlead.rollout.state import BEGUN
from fairlead.rollout.steps import Kind, Step
from fairlead.rollout.world import World
from fairlead.runtimes.base import Instance, NotReady
from fairlead.system.machine import memory_kills


class Actions:
    """Does and undoes the steps of one rollout."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world = world
        self.journal = journal
        self.incomplete: list[str] = []  #: what the way back could not bring back
        self.up: set[str] = set()  #: instances that became ready in this rollout
        self._memory_kills = memory_kills()
        self.orders = Orders(journal.ledger, journal.rollout)
        self.judging = Judging(world, journal, self.orders)
        self.migrating = Migrating(world, journal)

    def go_on(self, rollout: OpenRollout) -> None:
        """Know what the process knew that carried the rollout before this one."""
        ready = (step for step in rollout.plan if step.kind == "ready" and step.id in rollout.done)
        self.up = {id for step in ready for id in step.instances}
        if rollout.waiting:
            self.world.shares = rollout.waiting.shares
            self.judging = Judging(self.world, self.journal, self.orders, rollout.waiting.known)

    def do(self, step: Step) -> None:
        """Do it; FairleadError when it fails."""
        _DO[step.kind](self, step)

    def heed(self, step: Step) -> None:
        """What people said so far; FairleadError to take it back. A pause is made before what users would notice."""
        self.orders.require_going()
        if self.orders.paused and step.kind in ("route", "rest", "commit"):
            begun = self.journal.ledger.last(BEGUN, rollout=self.journal.rollout)
            release = self.world.releases.load(str(begun.data["release"])) if begun else self._release(step)
            self.judging.paused(step, release, self.require_well)

    def undo(self, step: Step) -> None:
        """Take it back; nothing for steps that only look."""
        action = _UNDO.get(step.kind)
        if action:
            action(self, step)

    def start(self, step: Step) -> None:
        """Start new instances; those of an earlier try that do not run are started again."""
        release = self._release(step)
        self.world.runtime.start(specs.service_specs(release, step.instances, self.world.machine(release)))

    def discard(self, step: Step) -> None:
        """Nothing of these instances stays."""
        self._leave(step)
        self.world.drain(step.instances)
        self.world.runtime.stop(step.instances)
        self.world.runtime.remove(step.instances)

    def wake(self, step: Step) -> None:
        """Start stopped instances as they were."""
        self.world.runtime.restart(step.instances)

    def rest(self, step: Step) -> None:
        """Stop instances that may be needed again."""
        self._leave(step)
        self.world.drain(step.instances)
        self.world.runtime.stop(step.instances)

    def _leave(self, step: Step) -> None:
        """Nothing new to instances that go: on the way back, those that came later still have their part of it."""
        public = any(one.port for one in self.world.instances(step.instances))
        if public and step.release in step.before.releases():
            self.world.route(replace(step.before, without=(*step.before.without, *step.instances)))

    def rouse(self, step: Step) -> None:
        """The way back from `rest`. Who does not come back is left to the keeper where nobody's requests need it."""
        self.world.runtime.restart(step.instances)
        try:
            self.world.runtime.await_ready(step.instances, lambda text: None)
        except NotReady as error:
            if not all(self._spared(one) for one in self.world.instances(step.instances)):
                raise
            self.incomplete.append(error.message.splitlines()[0])
            self.world.say("note", f"{error.message}\nthe keeper goes on trying")

    def _spared(self, one: Instance) -> bool:
        """Whether users do without this instance: it takes no requests, or another one of its service is well."""
        others = self.world.runtime.observe()
        return one.port is None or any(
            (other.release, other.service) == (one.release, one.service) and other.living and other.verified
            for other in others
        )

    def ready(self, step: Step) -> None:
        """Wait for all health checks. Who is ready answers to its name at once, where nobody did before it."""
        shares = self.world.shares
        first = step.release in shares.candidates and not shares.weight(step.release)
        by_name = first and self._release(step).stack.runtime == "docker"

        def progress(text: str) -> None:
            self.world.say("ready", text)
            if by_name:
                self.world.announce()

        self.world.runtime.await_ready(step.instances, progress)
        self.up |= set(step.instances)

    def job(self, step: Step) -> None:
        """Run it to its end."""
        release = self._release(step)
        spec = specs.job_spec(release, step.service, self.world.machine(release))
        self.world.runtime.run_job(spec, release.stack.job(step.service).timeout)

    def end_job(self, step: Step) -> None:
        """A job that still runs is ended; what it did stays done."""
        id = specs.job_id(step.release, step.service)
        self.world.runtime.stop([id])
        self.world.runtime.remove([id])

    def route(self, step: Step) -> None:
        """Give traffic by the new shares. An instance that has died since it was ready must not get a single user."""
        seen = self._require_well(self.up) if step.shares.weight(step.release) else None
        self.world.route(step.shares, seen)
        self.world.say("traffic", step.shares.shown(), weights=dict(step.shares.weights))

    def route_back(self, step: Step) -> None:
        """Give it as it was given before."""
        self.world.route(step.before)
        self.world.say("traffic", step.before.shown(), weights=dict(step.before.weights))

    def smoke(self, step: Step) -> None:
        """Through the edge, by the secret header."""
        header = self.world.edge.release_header(step.release)
        tests = checks.smoke_tests(self._release(step).stack, step.service)
        checks.run_smoke_tests(self.world.edge, tests, header, self.world.patience)

    def watch(self, step: Step) -> None:
        """Judge it; fail on a restart, on what the evidence says, or when a person says so."""
        release = self._release(step)
        if is_public(release.stack):
            self.judging.watch(step, release, self.require_well)
        else:
            self._look_on(step.seconds)

    def _look_on(self, seconds: float) -> None:
        """Nothing of it can be counted: its instances have to stay up."""
        end = time.monotonic() + seconds
        while True:
            self.require_well()
            self.orders.require_going()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(LOOK, left))

    def approve(self, step: Step) -> None:
        """Wait for a person."""
        self.judging.approval(step, self._release(step), self.require_well)

    def require_well(self) -> None:
        """Every instance that became ready still is what it was then."""
        self._require_well(self.up)

    def verify(self, step: Step) -> None:
        """Every instance of it is the one that was found ready; users get the right answers."""
        stack = self._release(step).stack
        ids = {id for service in stack.services for id in instance_ids(step.release, service)}
        self._require_well(ids)
        if is_public(stack):
            header = self.world.edge.release_header(USERS)
            checks.run_smoke_tests(self.world.edge, checks.smoke_tests(stack), header, self.world.patience)
            self._require_well(ids)

    def _require_well(self, ids: Collection[str]) -> tuple[Instance, ...]:
        """All instances as they were found. FairleadError when one of these is not what it was."""
        found = self.world.runtime.observe()
        seen = {one.id: one for one in found}
        for id in sorted(ids):
            one = seen.get(id)
            if one is None or not (one.living and one.verified):
                now = f"now {one.phase}, started {one.starts} times" if one else "now gone"
                now += "; the kernel killed a process for its memory" if memory_kills() > self._memory_kills else ""
                why = f": {said}" if one and (said := self.world.runtime.last_end(id)) else ""
                tail = self.world.runtime.log_tail(id, 10).strip()
                raise FairleadError(f"{id} ended after it was ready{why} ({now})" + (f"\n{tail}" if tail else ""))
        return found

    def commit(self, step: Step) -> None:
        """The commit point."""
        self.journal.commit(step.release, self._release(step).stack.rollout)
        self.world.say("live", f"{step.release} is live", release=step.release)

    def prune(self, step: Step) -> None:
        """Forget releases that are no longer kept."""
        prune(self.world, self._release(step).stack.rollout.keep)

    def _release(self, step: Step) -> Release:
        return self.world.releases.load(step.release)


_DO: dict[Kind, Callable[[Actions, Step], None]] = {
    "snapshot": lambda one, step: one.migrating.snapshot(step),
    "rehearse": lambda one, step: one.migrating.rehearse(step),
    "migrate": lambda one, step: one.migrating.migrate(step),
    "inspect": lambda one, step: one.migrating.inspect(step),
    "start": Actions.start, "wake": Actions.wake, "ready": Actions.ready, "job": Actions.job, "route": Actions.route,
    "smoke": Actions.smoke, "approve": Actions.approve, "rest": Actions.rest, "watch": Actions.watch,
    "verify": Actions.verify, "commit": Actions.commit, "prune": Actions.prune,
}  # fmt: skip

_UNDO: dict[Kind, Callable[[Actions, Step], None]] = {
    "start": Actions.discard, "wake": Actions.rest, "job": Actions.end_job, "route": Actions.route_back,
    "rest": Actions.rouse, "rehearse": lambda one, step: one.migrating.forget_copies(step),
    "migrate": lambda one, step: one.migrating.take_back(step),
}  # fmt: skip
