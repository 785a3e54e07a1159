"""What the keeper does for a rollout that waits for a person, when the command that began it has ended.

Nobody is at the terminal, so the keeper only ever goes back: going on is for the person who was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.artifacts.origin import owner_text
from fairlead.errors import FairleadError
from fairlead.operations.environment import Environment
from fairlead.rollout.executor import Executor
from fairlead.rollout.journal import OpenRollout, Wait, open_rollout
from fairlead.rollout.parts import is_public
from fairlead.rollout.recovery import give_up

if TYPE_CHECKING:
    from fairlead.rollout.bench import Bench


class Waiting:
    """Looks after a rollout that waits: gives it up when its release is not well, or shown to be bad."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._wait: int | None = None  #: the number of the entry it is open for
        self._executor: Executor | None = None
        self._bench: Bench | None = None

    def look(self) -> None:
        """One look, under the environment's lock. Busy when somebody goes on with it."""
        waits = open_rollout(self.environment.ledger)
        if waits is None or not waits.waiting:
            self.close()
            return
        with self.environment.held_briefly("keeper") as lock:
            rollout = open_rollout(self.environment.ledger)
            if rollout is None or not rollout.waiting:
                return
            executor = self._open(rollout, rollout.waiting)
            try:
                self._require_good(executor)
            except FairleadError as error:
                lock.sign(owner_text("keeper: taking back"))
                self.environment.world.say("failed", error.message)
                give_up(self.environment.world, rollout, error.message)
                self.close()

    def _open(self, rollout: OpenRollout, wait: Wait) -> Executor:
        """Anew for each wait: somebody may have gone on to the next one between two looks."""
        if self._executor is None or self._wait != wait.number:
            self.close()
            self._executor = Executor(self.environment.world, rollout.journal)
            self._executor.actions.go_on(rollout)
            step = next(one for one in rollout.plan if one.id == wait.step)
            release = self.environment.world.releases.load(step.release)
            judging = self._executor.actions.judging
            if is_public(release.stack) and (step.kind == "watch" or judging.has_users(step)):
                self._bench = judging.bench(step, release)
            self._step, self._wait = step, wait.number
        return self._executor

    def _require_good(self, executor: Executor) -> None:
        actions = executor.actions
        actions.orders.require_going()
        actions.require_well()
        if any(one.phase == "survivor" for one in self.environment.world.runtime.observe()):
            raise FairleadError("supervisord was killed while it waited")
        actions.judging.object_to(self._step, self._bench)

    def close(self) -> None:
        """Send no more probes."""
        if self._bench:
            self._bench.close()
        self._wait = self._executor = self._bench = None
