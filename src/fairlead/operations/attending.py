"""What the keeper judges: a rollout that waits for a person, and a release that has just become live.

Both go on when the command that began them has ended. Nobody is at the terminal, so the keeper only ever goes back:
going on is for the person who was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead.artifacts import describe_actor
from fairlead.errors import FairleadError
from fairlead.operations.environment import Environment
from fairlead.operations.rollback import back_to
from fairlead.rollout.evidence.recording import Recording, Subject
from fairlead.rollout.executor import Executor
from fairlead.rollout.journal import VERDICT, OpenRollout, open_rollout
from fairlead.rollout.recovery import give_up
from fairlead.rollout.state import WATCH_ENDED, Watched
from fairlead.rollout.steps import Step
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.system.files import read_json, write_json

if TYPE_CHECKING:
    from fairlead.rollout.evidence.sources import Sources
    from fairlead.rollout.verdict.trial import Trial

RESTARTS = 3  #: of one instance during a watch that are a crash loop


class Waiting:
    """Looks after a rollout that waits: gives it up when its release is not well, or shown to be bad."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._rollout: int | None = None
        self._executor: Executor | None = None
        self._sources: Sources | None = None

    def look(self) -> None:
        """One look, under the environment's lock. Busy when somebody goes on with it."""
        waits = open_rollout(self.environment.ledger)
        if waits is None or not waits.waiting:
            self.close()
            return
        with self.environment.held("keeper", wait=0):
            rollout = open_rollout(self.environment.ledger)
            if rollout is None or not rollout.waiting:
                return
            executor = self._open(rollout)
            try:
                self._require_good(rollout, executor)
            except FairleadError as error:
                self.environment.world.say("failed", error.message)
                give_up(self.environment.world, rollout, error.message)
                self.close()

    def _open(self, rollout: OpenRollout) -> Executor:
        if self._executor is None or self._rollout != rollout.journal.rollout:
            self.close()
            self._executor = Executor(self.environment.world, rollout.journal)
            self._executor.actions.go_on(rollout)
            self._rollout = rollout.journal.rollout
        return self._executor

    def _require_good(self, rollout: OpenRollout, executor: Executor) -> None:
        world, actions = self.environment.world, executor.actions
        actions.orders.require_going()
        actions.require_well()
        if any(one.phase == "survivor" for one in world.runtime.observe()):
            raise FairleadError("supervisord was killed while it waited")
        step = next(one for one in rollout.plan if rollout.waiting and one.id == rollout.waiting.step)
        if step.kind == "watch":
            self._judge(step, executor)
        world.runtime.recheck()
        if world.refresh() and self._sources:
            self._sources.rebased()

    def _judge(self, step: Step, executor: Executor) -> None:
        from fairlead.rollout.evidence.sources import Sources  # noqa: PLC0415 — seldom needed

        world = self.environment.world
        release = world.releases.load(step.release)
        if self._sources is None:
            self._sources = Sources(world, release, step.stable or None)
        tick = self._sources.tick(0.0 if world.shares.sticky else float(world.shares.weight(step.release)))
        verdict = executor.actions.judging.trial(release, step.stable, step.mode).add(tick)
        if verdict.kind == "abort":
            executor.journal.verdict(step, verdict)
            raise FairleadError(verdict.text)

    def close(self) -> None:
        """Send no more probes."""
        if self._sources:
            self._sources.close()
        self._rollout = self._executor = self._sources = None


@dataclass
class AfterSwitch:
    """Judges the live release against what the one before it answered, and goes back to that one.

    What is known is kept in a file, for the keeper that comes after this one.
    """

    environment: Environment
    _watched: Watched | None = None
    _trial: Trial | None = None
    _sources: Sources | None = None
    _recording: Recording | None = None
    _starts: dict[str, int] = field(default_factory=dict)
    _said: tuple[str, str] | None = None

    def look(self, idle: Callable[[], bool]) -> None:
        """One look; `idle` is whether no rollout is under way. Busy while somebody else changes the environment."""
        watched = self.environment.state.watched
        if watched is None or not idle():
            self.close()
            return
        verdict = self._judged(watched)
        objection = self._crash_loop(watched) or (verdict.text if verdict.kind == "abort" else "")
        if objection or watched.left() <= 0:
            with self.environment.held("keeper", wait=0):
                if idle() and self.environment.state.watched == watched:
                    self._end(watched, verdict, objection)

    def _judged(self, watched: Watched) -> Verdict:
        if self._watched != watched or self._trial is None or self._sources is None:
            self._open(watched)
        assert self._trial and self._sources and self._recording  # noqa: S101 — opened above
        tick = self._sources.tick(0.0)
        self._recording.add(tick)
        verdict = self._trial.add(tick)
        if self._said != (verdict.kind, verdict.cause):
            self._said = (verdict.kind, verdict.cause)
            self.environment.ledger.append(VERDICT, {"step": "watch", **verdict.to_data()}, watched.rollout)
        self._keep()
        return verdict

    def _open(self, watched: Watched) -> None:
        from fairlead.rollout.evidence.sources import Sources  # noqa: PLC0415 — seldom needed
        from fairlead.rollout.verdict.trial import Trial  # noqa: PLC0415 — the same

        self.close()
        world = self.environment.world
        release, history = world.releases.load(watched.release), world.history(watched.previous)
        policy, known = release.stack.rollout.judge, self._known(watched)
        data = known.get("trial")
        self._trial = Trial.from_data(policy, "watch", history, data) if data else Trial(policy, "watch", history)
        self._sources = Sources(world, release, None, known.get("seen"))
        subject = Subject(watched.rollout, watched.release, watched.previous, "watch", policy, history)
        self._recording = Recording(world.evidence, subject)
        self._starts = dict(known.get("starts") or {one.id: one.starts for one in self._instances(watched)})
        self._watched = watched

    def _instances(self, watched: Watched) -> list[Any]:
        found = self.environment.world.runtime.observe()
        return [one for one in found if one.release == watched.release and not one.job]

    def _crash_loop(self, watched: Watched) -> str:
        for one in self._instances(watched):
            restarts = one.starts - self._starts.get(one.id, one.starts)
            if one.phase == "failed" or restarts >= RESTARTS:
                tail = self.environment.world.runtime.log_tail(one.id, 10).strip()
                return f"{one.id} is in a crash loop: started again {restarts} times" + (f"\n{tail}" if tail else "")
        return ""

    def _end(self, watched: Watched, verdict: Verdict, objection: str) -> None:
        ledger, world = self.environment.ledger, self.environment.world
        result = "passed"
        if objection:
            result = "told"
            world.say("failed", objection)
            if watched.rollback:
                back_to(self.environment, watched.previous, objection, describe_actor() | {"automatic": "watch"})
                result = "rolled back"
        data = {"release": watched.release, "result": result, "reason": objection, "verdict": verdict.to_data()}
        ledger.append(WATCH_ENDED, data, watched.rollout)
        world.say("note", f"the watch of {watched.release} is over: {result}")
        self.close()

    def _file(self) -> Any:
        folder = self.environment.world.evidence
        return folder / "watch.json" if folder else None

    def _known(self, watched: Watched) -> dict[str, Any]:
        path = self._file()
        data = read_json(path) if path else None
        return data if data and data.get("rollout") == watched.rollout else {}

    def _keep(self) -> None:
        path = self._file()
        if path and self._watched and self._trial and self._sources:
            seen = self._sources.collector.to_data()
            data = {
                "rollout": self._watched.rollout, "trial": self._trial.to_data(), "seen": seen, "starts": self._starts,
            }  # fmt: skip
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_json(path, data, 0o600)

    def close(self) -> None:
        """Send no more probes."""
        if self._sources:
            self._sources.close()
        self._watched = self._trial = self._sources = self._recording = self._said = None
