"""The time a new release is judged: look, ask the evidence, and do what it says. What people say goes before.

The evidence adds up over the steps of a rollout; whoever goes on with a rollout that waited goes on with it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError, Waiting
from fairlead.rollout.evidence.recording import Recording, Subject
from fairlead.rollout.journal import Journal
from fairlead.rollout.orders import Orders
from fairlead.rollout.steps import Step
from fairlead.rollout.verdict.decide import Moment, Need, decide
from fairlead.rollout.verdict.evidence import Mode, Tick
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.rollout.world import World

if TYPE_CHECKING:
    from fairlead.rollout.evidence.sources import Sources
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

    def known(self) -> dict[str, Any]:
        """The evidence so far, for whoever goes on."""
        return self._known | {mode: trial.to_data() for mode, trial in self._trials.items()}

    def trial(self, release: Release, stable: str, mode: Mode) -> Trial:
        """All that is known in this mode."""
        from fairlead.rollout.verdict.trial import Trial  # noqa: PLC0415 — most commands judge nothing

        if mode not in self._trials:
            policy, history = release.stack.rollout.judge, self.world.history(stable)
            data = self._known.get(mode)
            self._trials[mode] = Trial.from_data(policy, mode, history, data) if data else Trial(policy, mode, history)
        return self._trials[mode]

    def watch(self, step: Step, release: Release, look: Callable[[], None]) -> None:
        """Judge until the step is over. FairleadError when the release is to go back, Waiting for a person.

        `look` is done at each look; it raises when an instance is not well.
        """
        from fairlead.rollout.evidence.sources import Sources  # noqa: PLC0415 — most commands judge nothing

        trial = self.trial(release, step.stable, step.mode)
        recording = Recording(self.world.evidence, self._subject(step, release))
        begun, self._said = time.monotonic(), None
        probes, failed = 0, 0
        with closing(Sources(self.world, release, step.stable or None)) as sources:
            while True:
                tick = self._next_tick(sources, step, begun, look)
                probes, failed = probes + tick.probes.sent, failed + tick.probes.failed
                recording.add(tick)
                verdict = trial.add(tick)
                self._say(step, tick, verdict)
                if self._over(step, release, verdict, self._moment(step, begun, probes, failed)):
                    self.journal.verdict(step, verdict)
                    break
                self.world.runtime.recheck()
                if self.world.refresh():
                    sources.rebased()

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

    def _subject(self, step: Step, release: Release) -> Subject:
        policy, history = release.stack.rollout.judge, self.world.history(step.stable)
        return Subject(self.journal.rollout, release.id, step.stable, step.mode, policy, history)

    def _next_tick(self, sources: Sources, step: Step, begun: float, look: Callable[[], None]) -> Tick:
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
                break
            time.sleep(min(LOOK, due - now))
        shares = self.world.shares
        return sources.tick(0.0 if shares.sticky else float(shares.weight(step.release)))

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
        """Wait until a person says go on, at most `hold_for`."""
        begun = time.monotonic()
        while True:
            look()
            self.orders.require_going()
            order = self.orders.approved(self.journal.begun(step))
            if order and not self.orders.paused:
                self.world.say("note", order.shown())
                return
            if self.world.hurry or time.monotonic() - begun >= release.stack.rollout.judge.hold_for:
                raise Waiting(f"{release.id} waits for a person to approve it")
            time.sleep(LOOK)
            self.world.runtime.recheck()
            self.world.refresh()
