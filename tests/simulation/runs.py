"""Many draws judged, and what that came to."""

import math
from collections import Counter
from dataclasses import replace

from benchmarks.verdicts.draws import Phase, Release, Scenario, draw
from benchmarks.verdicts.rules import POLICY

from fairlead.rollout.verdict.trial import Trial

LEVELS = (3, 10, 30, 100, 600, 3000)  # requests per minute
RATES = (0.005, 0.02, 0.10)
FINE, WORSE, DEAD = Release(0.005), Release(0.05), Release(1.0)
SLOWER = Release(0.005, delay=0.3)


class Run:
    """One draw, judged to its end or until it is aborted."""

    def __init__(self, scenario, seed, every=10, probed=False, mode="canary"):
        drawn = draw(scenario, seed)
        trial = Trial(POLICY if probed else replace(POLICY, probe_rate=0.0), mode, drawn.history)
        self.seconds, self.seen = 0, Counter()
        for tick in drawn.ticks(every, probed):
            self.last = trial.add(tick)
            self.seconds += every
            self.seen[self.last.kind, self.last.cause] += 1
            if self.last.kind == "abort":
                break

    @property
    def aborted(self):
        return self.last.kind == "abort"


def aborted(runs):
    """Those that were, with what was said of them."""
    return [run.last.text for run in runs if run.aborted]


def watched(rpm, *phases):
    """All users on the new release: (seconds, how it answers)."""
    return Scenario(rpm, tuple(Phase(seconds, 100, new, FINE) for seconds, new in phases))


def at_most(runs, alpha=POLICY.alpha):
    """The most aborts in so many runs that do not speak against a chance of alpha for each of them.

    Exceeded with a chance below one in a thousand if that were the chance. With few runs the share seen says little,
    2 of 50 are 4 % and no breach of 1 %; what is asked for stays alpha.
    """
    total, count = 0.0, -1
    while total < 0.999:
        count += 1
        total += math.comb(runs, count) * alpha**count * (1 - alpha) ** (runs - count)
    return count
