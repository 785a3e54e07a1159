"""What the keeper does each second: recover, end warm windows, tell the edge who is well, rotate logs.

Each act is short and takes the environment's lock only for itself, without waiting: a command always goes first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from fairlead.errors import Busy, FairleadError
from fairlead.operations.environment import Environment
from fairlead.operations.up import revive
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.recovery import recover, restore_traffic
from fairlead.runtimes.base import Instance
from fairlead.runtimes.process.logs import rotate
from fairlead.runtimes.process.runtime import log_files

SOON = 1.0  #: seconds between rounds while something is on its way
HEARTBEAT = 60.0  #: seconds between rounds when nothing happens
RETRY_EVERY = 30.0  #: seconds between two tries of an instance in a crash loop
MOST_PATIENCE = 60.0  #: seconds between two tries of something that keeps failing


@dataclass
class Housekeeping:
    """The keeper's work on one environment. Holds what it needs to remember from one round to the next."""

    environment: Environment
    leaving: dict[str, float] = field(default_factory=dict)  #: instance → when it was first found superfluous
    served: frozenset[str] = frozenset()  #: instances that were well at the last look
    not_before: dict[str, float] = field(default_factory=dict)  #: act → when it may be tried again
    patience: dict[str, float] = field(default_factory=dict)

    def round(self) -> None:
        """Everything that is due now. What fails is tried again later, ever less often."""
        if self.environment.state.stopped:
            return
        self._try("edge", self.environment.world.edge.up)
        self._try("recover", self._recover)
        self._try("revive", self._revive)
        self._try("retire", self._retire)
        self._try("refresh", self._refresh)
        self._try("retry", self._retry)
        self._try("rotate", self._rotate)

    def due(self) -> float:
        """Seconds until the next round at the latest, when no sign comes before."""
        state = self.environment.state
        if state.stopped:
            return HEARTBEAT
        if open_rollout(self.environment.ledger) is not None or self._unsettled():
            return SOON
        now = time.monotonic()
        times = [HEARTBEAT, *(moment - now for moment in self.not_before.values() if moment > now)]
        return max(SOON, min([*times, *(state.left(release) + 0.1 for release in state.warm_now())]))

    def _unsettled(self) -> bool:
        """Whether anything is on its way: out, or back to where it gets requests."""
        state = self.environment.state
        kept, seen = {state.live, *state.warm_now()}, self.environment.world.runtime.observe()
        coming = ("starting", "backoff", "stopping", "survivor")
        mine = [one for one in seen if one.release == state.live and not one.job]
        return any(one.release not in kept for one in seen) or any(
            one.phase in coming or (one.living and not one.verified) for one in mine
        )

    def _try(self, name: str, act: Callable[[], None]) -> None:
        if time.monotonic() < self.not_before.get(name, 0.0):
            return
        try:
            act()
            self.patience.pop(name, None)
        except Busy:
            return
        except (FairleadError, OSError) as error:
            wait = min(MOST_PATIENCE, self.patience.get(name, 0.5) * 2)
            self.patience[name], self.not_before[name] = wait, time.monotonic() + wait
            self.environment.world.say("note", f"{name}: {error}; again in {wait:g} s")

    def _held(self) -> AbstractContextManager[None]:
        return self.environment.held("keeper", wait=0)

    def _recover(self) -> None:
        """An unfinished rollout whose lock is free belongs to a dead deployer."""
        if open_rollout(self.environment.ledger) is None:
            return
        with self._held():
            done = recover(self.environment.world)
            if done:
                self.environment.world.say("recovered", done)

    def _revive(self) -> None:
        """After supervisord was killed: start it anew, and replace what outlived it, one at a time."""
        world = self.environment.world
        survivors = [one for one in world.runtime.observe() if one.phase == "survivor"]
        if not survivors and self._all_there():
            return
        with self._held():
            if open_rollout(self.environment.ledger) is not None:
                return
            world.runtime.up()
            for one in survivors:
                self._replace(one)
            revive(self.environment)

    def _all_there(self) -> bool:
        """Whether every instance of the live release is known to a living supervisord."""
        live = self.environment.state.live
        mine = [one for one in self.environment.world.runtime.observe() if one.release == live and not one.job]
        return all(one.phase != "stopped" for one in mine)

    def _replace(self, one: Instance) -> None:
        """Take it out of the traffic, drain, end, start again, and give it traffic when it is ready."""
        world = self.environment.world
        wanted = one.release == self.environment.state.live
        others = [other for other in world.instances_of(one.release, one.service) if other.id != one.id]
        if wanted and any(other.living and other.verified for other in others):
            restore_traffic(world, without=(one.id,))
        world.drain([one.id])
        world.runtime.stop([one.id])
        if wanted:
            world.runtime.restart([one.id])
            world.runtime.await_ready([one.id], lambda text: world.say("ready", text))
            restore_traffic(world)

    def _retire(self) -> None:
        """End instances of releases that are neither live nor warm: out of the edge, drained, signalled, forgotten."""
        superfluous = self._superfluous()
        if not superfluous:
            self.leaving.clear()
            return
        with self._held():
            if open_rollout(self.environment.ledger) is not None:
                return
            world = self.environment.world
            restore_traffic(world)
            for one in self._superfluous():
                since = self.leaving.setdefault(one.id, time.monotonic())
                if one.phase in ("stopped", "failed"):
                    world.runtime.stop([one.id])
                    world.runtime.remove([one.id])
                    self.leaving.pop(one.id, None)
                    world.say("note", f"{one.id} is gone")
                elif one.phase != "stopping" and world.drained(one, time.monotonic() - since):
                    world.runtime.end([one.id])

    def _superfluous(self) -> list[Instance]:
        state = self.environment.state
        kept = {state.live, *state.warm_now()}
        return [one for one in self.environment.world.runtime.observe() if one.release not in kept]

    def _refresh(self) -> None:
        """Only instances that are well get requests: one that died leaves, one that came back is checked."""
        world, live = self.environment.world, self.environment.state.live
        if live is None:
            return
        mine = [one for one in world.runtime.observe() if one.release == live and not one.job]
        back = [one.id for one in mine if one.living and not one.verified]
        well = frozenset(f"{one.id} {one.pid}" for one in mine if one.living and one.verified)
        if not back and well == self.served:
            return
        with self._held():
            if open_rollout(self.environment.ledger) is not None:
                return
            restore_traffic(world)
            if back:
                world.runtime.await_ready(back, lambda text: world.say("ready", text))
                restore_traffic(world)
            self.served = well

    def _retry(self) -> None:
        """What an instance that supervisord gave up was waiting for may be back: try again, twice a minute."""
        world, live = self.environment.world, self.environment.state.live
        failed = [one.id for one in world.runtime.observe() if one.release == live and one.phase == "failed"]
        if failed:
            with self._held():
                world.say("note", f"crash loop: trying {', '.join(failed)} again")
                world.runtime.restart(failed)
            self.not_before["retry"] = time.monotonic() + RETRY_EVERY

    def _rotate(self) -> None:
        """Keep logs small: those of instances, of the edge, and the keeper's own."""
        place = self.environment.place
        own = (
            place.edge / "access.log",
            place.edge / "traefik.log",
            place.edge / "output.log",
            place.root / "keeper/log",
        )
        idle = open_rollout(self.environment.ledger) is None  # a report reads the edge's logs from where it began
        for log in (*log_files(place).values(), *(own if idle else ())):
            rotate(log)
