"""Where a release is judged: its sources, its trial and the recording of both, opened for one watch."""

from __future__ import annotations

import contextlib
from typing import Any

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.rollout.evidence.recording import Recording, Subject
from fairlead.rollout.evidence.sources import Sources
from fairlead.rollout.verdict.evidence import History, Mode, Tick
from fairlead.rollout.verdict.trial import Trial
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.rollout.world import World


class Bench:
    """A context manager: probes are sent until it is left."""

    def __init__(self, world: World, release: Release, subject: Subject, trial: Trial, seen: Any = None) -> None:
        """`seen`: counters that another process saw last, to go on from."""
        self.world = world
        self.release = release
        self.trial = trial
        self.recording = Recording(world.evidence, subject)
        beside = subject.stable if subject.mode != "watch" else ""
        self.sources = Sources(world, release, beside or None, seen)

    def tick(self) -> Tick:
        """What happened since the last one. Shares that depend on the visitor say nothing."""
        shares = self.world.shares
        return self.sources.tick(0.0 if shares.sticky else float(shares.weight(self.release.id)))

    def judge(self, tick: Tick) -> Verdict:
        """What is known with it."""
        self.recording.add(tick)
        return self.trial.add(tick)

    def refresh(self) -> None:
        """Have the edge know which instances are well, and the counters that this was us."""
        self.world.runtime.recheck()
        if self.world.refresh():
            self.sources.rebased()

    def close(self) -> None:
        """Send no more probes."""
        self.sources.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def trial_of(release: Release, mode: Mode, history: History, known: Any) -> Trial:
    """Go on with what is known; begin anew where nothing is, or it is damaged or of another version."""
    policy = release.stack.rollout.judge
    if known:
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, IndexError, FairleadError):
            return Trial.from_data(policy, mode, history, known)
    return Trial(policy, mode, history)
