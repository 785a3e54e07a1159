"""The time a new release is judged: look, ask the evidence, and do what it says. What people say goes before.

The evidence adds up over the steps of a rollout; whoever goes on with a rollout that waited goes on with it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError, Waiting
from fairlead.rollout.evidence.recording import Subject
from fairlead.rollout.journal import Journal
from fairlead.rollout.orders import Orders
from fairlead.rollout.steps import Step
from fairlead.rollout.verdict.decide import Moment, Need, decide
from fairlead.rollout.verdict.evidence import Mode, Tick
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.rollout.world import World

if TYPE_CHECKING:
    from fairlead.rollout.bench import Bench
    from fairlead.rollout.verdict.trial import Trial

LOOK = 0.25  #: seconds between two looks at instances and orders
TICK = 1.0  #: seconds between two looks at the counters
SOON = 0.005  #: seconds; the first pause of those that grow


class Judging:
    """What is known of the new release of one rollout."""

    def __init__(self, world: World, journal: Journal, orders: Orders, known: dict[str, Any] | None = None) -> None:
        self.world = world
        self.journal = journal
        self.orders = orders
        self._known = dict(known or {})  #: evidence of a process before this one, by mode
        self._trials: dict[Mode, Trial] = {}
        self._said: tuple[str, str] | None = None
        self._last: Step | None = None  #: the last one that was judged

    def known(self) -> dict[str, Any]:
        """The evidence so far, for whoever goes on."""
        return self._known | {mode: trial.to_data() for mode, trial in self._trials.items()}

    def bench(self, step: Step, release: Release) -> Bench:
        """Where it is judged in this step, with all that is known in this mode."""
        from fairlead.rollout.bench import Bench, trial_of  # noqa: PLC0415 — most commands judge nothing

        history = self.world.history(step.stable, release.stack.rollout.judge.over)
        if step.mode not in self._trials:
            self._trials[step.mode] = trial_of(release, step.mode, history, self._known.get(step.mode))
        policy, number = release.stack.rollout.judge, self.journal.rollout
        subject = Subject(number, release.id, step.stable, step.mode, policy, history)
        return Bench(self.world, release, subject, self._trials[step.mode])

    def watch(self, step: Step, release: Release, look: Callable[[], None]) -> None:
        """Judge until the step is over. FairleadError when the release is to go back, Waiting for a person.

        `look` is done at each look; it raises when an instance is not well.
        """
        begun, self._said, self._last = time.monotonic(), None, step
        probes, failed = 0, 0
        with self.bench(step, release) as bench:
            while True:
                self._await_tick(step, begun, look)
                tick = bench.tick()
                probes, failed = probes + tick.probes.sent, failed + tick.probes.failed
                verdict = bench.judge(tick)
                self._say(step, tick, verdict)
                if self._over(step, release, verdict, self._moment(step, begun, probes, failed)):
                    self.journal.verdict(step, verdict)
                    break
                bench.refresh()
        if step.mode == "shadow":
            self._compare(step, release)

    def _compare(self, step: Step, release: Release) -> None:
        """Whether both give the same kind of answer. For people: what is meant to change does not speak against it."""
        from fairlead.rollout.evidence.probes import probe_tests  # noqa: PLC0415 — seldom needed
        from fairlead.rollout.evidence.shape import compare  # noqa: PLC0415 — the same

        edge = self.world.edge
        headers = edge.release_header(step.stable), edge.release_header(step.release)
        found = compare(edge.ask, probe_tests(release.stack), *headers)
        self.journal.shadow(step, [asdict(one) for one in found])
        for one in found:
            self.world.say("note", str(one))

    def _await_tick(self, step: Step, begun: float, look: Callable[[], None]) -> None:
        """Wait until the counters are worth a look: a while has passed, the step ends, or a person has promoted it.

        A step that has ended is looked at soon, then ever less often.
        """
        since = time.monotonic()
        left = step.seconds - (since - begun)
        due = since + (min(TICK, left) if left > 0 else min(TICK, SOON - left / 2))
        while True:
            look()
            self.orders.require_going()
            now = time.monotonic()
            if self.orders.promote or now >= due:
                return
            time.sleep(min(LOOK, due - now))

    def _moment(self, step: Step, begun: float, probes: int, failed: int) -> Moment:
        orders = self.orders
        need: Need = "proof" if step.proves else "something" if step.mode == "canary" else "nothing"
        return Moment(
            time.monotonic() - begun, step.seconds, need, orders.paused is not None, orders.promote is not None,
            orders.approved(self.journal.begun(step)) is not None, self.world.hurry, probes, failed,
        )  # fmt: skip

    def _over(self, step: Step, release: Release, verdict: Verdict, now: Moment) -> bool:
        move = decide(release.stack.rollout.judge, verdict, now)
        if move in ("fail", "wait"):
            self.journal.verdict(step, verdict)
        if move == "fail":
            raise FairleadError(verdict.text)
        if move == "wait":
            raise Waiting(f"{release.id} waits for a person: {self._why(verdict)}")
        return move == "go"

    def _why(self, verdict: Verdict) -> str:
        return self.orders.paused.shown() if self.orders.paused else verdict.text

    def _say(self, step: Step, tick: Tick, verdict: Verdict) -> None:
        requests = sum(side.requests for side in tick.canary.values())
        errors = sum(side.errors for side in tick.canary.values())
        self.world.say("watch", verdict.text, requests=requests, errors=errors, verdict=verdict.to_data())
        if self._said != (verdict.kind, verdict.cause):
            self._said = (verdict.kind, verdict.cause)
            self.journal.verdict(step, verdict)

    def approval(self, step: Step, release: Release, look: Callable[[], None]) -> None:
        """Wait until a person says go on, at most `hold_for`; a release that has users is judged meanwhile."""
        with self.bench(step, release) if self.has_users(step) else nullcontext() as bench:
            why = f"{release.id} waits for a person to approve it"
            self._until(lambda: self._approved(step), why, release, lambda due: self._meanwhile(step, bench, look, due))

    def paused(self, step: Step, release: Release, look: Callable[[], None]) -> None:
        """Wait while a person wants it to, at most `hold_for`, before a step that users would notice."""

        def going() -> bool:
            self.orders.require_going()
            return self.orders.paused is None

        why = f"{release.id} waits for a person: {self.orders.paused.shown() if self.orders.paused else ''}"
        judged = self._last if self._last and self.has_users(self._last) else None
        with self.bench(judged, release) if judged else nullcontext() as bench:
            self._until(going, why, release, lambda due: self._meanwhile(judged or step, bench, look, due))

    def _until(self, over: Callable[[], bool], why: str, release: Release, meanwhile: Callable[[bool], None]) -> None:
        begun = due = time.monotonic()
        while not over():
            now = time.monotonic()
            meanwhile(now >= due)
            due = now + TICK if now >= due else due
            if self.world.hurry or now - begun >= release.stack.rollout.judge.hold_for:
                raise Waiting(why)
            time.sleep(LOOK)

    def _meanwhile(self, step: Step, bench: Bench | None, look: Callable[[], None], due: bool) -> None:
        look()
        if due:
            self.object_to(step, bench)

    def _approved(self, step: Step) -> bool:
        self.orders.require_going()
        order = self.orders.approved(self.journal.begun(step))
        if order is None or self.orders.paused:
            return False
        self.world.say("note", order.shown())
        return True

    def has_users(self, step: Step) -> bool:
        """Whether there is something to judge, and something to compare it with."""
        return bool(step.stable) and self.world.shares.weight(step.release) > 0

    def object_to(self, step: Step, bench: Bench | None) -> None:
        """FairleadError when the evidence speaks against it; for a time in which only going back is to be decided."""
        if bench is None:
            self.world.runtime.recheck()
            self.world.refresh()
            return
        tick = bench.tick()
        verdict = bench.judge(tick)
        self._say(step, tick, verdict)
        if verdict.kind == "abort":
            self.journal.verdict(step, verdict)
            raise FairleadError(verdict.text)
        bench.refresh()
