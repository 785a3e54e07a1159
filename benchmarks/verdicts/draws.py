"""Traffic that never was: what an old and a new release answer, second by second, from a fixed seed.

Requests come as a Poisson stream, each goes to the new release with the probability of the weight in force, and each
answer falls into a class by itself: an error, or one of a few latency buckets. A Poisson stream split like that is one
independent Poisson stream for each class (Kingman, "Poisson Processes", 1993, section 5.1), so a second is drawn class
by class, and the same draw can be looked at every second, every ten or every minute.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick

SERVICE = "web"
OVER = 0.3  #: what counts as slow, seconds
BOUNDS = (0.1, OVER, 1.0, 5.0)  #: some of those the edge counts by, which is quicker to draw than all
MEDIAN, SPREAD = 0.08, 0.7  #: of an answer's latency, log-normal: 3 % are over the threshold
STEPS = ((5, 300), (10, 300), (25, 300), (50, 300))  #: weights in percent, seconds


@dataclass(frozen=True)
class Release:
    """How a release answers."""

    errors: float = 0.005  #: share
    delay: float = 0.0  #: added to every answer, seconds

    def shares(self, bounds: tuple[float, ...]) -> tuple[float, ...]:
        """The share of answers in each class: errors, then each bucket, the last one without an end."""
        law = NormalDist(math.log(MEDIAN), SPREAD)
        below = [law.cdf(math.log(bound - self.delay)) if bound > self.delay else 0.0 for bound in bounds[:-1]]
        fine = [high - low for low, high in zip([0.0, *below], [*below, 1.0], strict=True)]
        return (self.errors, *((1 - self.errors) * share for share in fine))


@dataclass(frozen=True)
class Phase:
    """A time in which nothing changes."""

    seconds: int
    weight: float  #: percent of the requests that go to the new release
    canary: Release
    stable: Release


@dataclass(frozen=True)
class Scenario:
    """What is drawn. `history` is how long the stable release was looked at before, in seconds, at its first rate."""

    rpm: float  #: requests per minute, of both sides together
    phases: tuple[Phase, ...]
    probes: float = 10.0  #: per minute; a rule that knows none leaves them out
    history: int = 86400
    bounds: tuple[float, ...] = BOUNDS  #: of the buckets, seconds

    @property
    def seconds(self) -> int:
        """How long it takes."""
        return sum(phase.seconds for phase in self.phases)


def canary(
    rpm: float, new: Release, old: Release | None = None, steps: tuple[tuple[int, int], ...] = STEPS
) -> Scenario:
    """A canary by steps; without `old` the old release is like the new one."""
    return Scenario(rpm, tuple(Phase(seconds, weight, new, old or new) for weight, seconds in steps))


def broken(rpm: float, share: float) -> Scenario:
    """A canary; from minute 7 to 12 something that both releases need fails, and that share of the answers with it."""
    fine, ill = Release(), Release(share)
    phases = ((300, 5, fine), (120, 10, fine), (180, 10, ill), (120, 25, ill), (180, 25, fine), (300, 50, fine))
    return Scenario(rpm, tuple(Phase(seconds, weight, both, both) for seconds, weight, both in phases))


@dataclass
class Column:
    """What one side answered: for each class a count for each second."""

    bounds: tuple[float, ...]
    classes: list[list[int]]

    def side(self, begin: int, end: int) -> Side:
        """All of these seconds."""
        errors, *buckets = (sum(counts[begin:end]) for counts in self.classes)
        buckets[0] += errors  # they fail fast
        slow = sum(count for bound, count in zip(self.bounds, buckets, strict=True) if bound > OVER)
        return Side(sum(buckets), errors, slow, tuple(zip(self.bounds, buckets, strict=True)))


class Probe(NamedTuple):
    """A request of Fairlead's own. One that fails is asked of the stable release too, and counts as a user's there."""

    failed: bool
    slow: bool
    failed_there: bool


@dataclass
class Draw:
    """One run of a scenario."""

    scenario: Scenario
    canary: Column
    stable: Column
    probes: dict[int, Probe] = field(default_factory=dict)  #: by second
    history: History = field(default_factory=History)

    def ticks(self, every: int, probed: bool = False) -> Iterator[Tick]:
        """What somebody who looks so often sees; `every` in seconds, which the phases are multiples of."""
        begin, row = 0, 0
        probes = self.probes if probed else {}
        for phase in self.scenario.phases:
            for _ in range(0, phase.seconds, every):
                end = begin + every
                sent = [probes[second] for second in range(begin, end) if second in probes]
                for probe in sent:
                    row = row + 1 if probe.failed else 0
                asked = [probe.failed_there for probe in sent if probe.failed]
                new, old = self.canary.side(begin, end), self.stable.side(begin, end)
                old = replace(old, requests=old.requests + len(asked), errors=old.errors + sum(asked))
                yield Tick(every, phase.weight, {SERVICE: new}, {SERVICE: old}, _probes(sent, row))
                begin = end

    def user_errors(self, until: int | None) -> int:
        """Errors that users got from the new release before that second."""
        return sum(self.canary.classes[0][:until])


def _probes(sent: list[Probe], row: int) -> Probes:
    failed, slow = sum(probe.failed for probe in sent), sum(probe.slow for probe in sent)
    return Probes(len(sent), failed, slow, row, "/ answered 500" if row else "")


def draw(scenario: Scenario, seed: int) -> Draw:
    """The same seed gives the same draw, on every machine."""
    rng, asking, before = (random.Random(f"{name} {seed}") for name in ("users", "probes", "history"))
    new, old = (Column(scenario.bounds, [[] for _ in (0, *scenario.bounds)]) for _ in range(2))
    probes: dict[int, Probe] = {}
    begin = 0
    for phase in scenario.phases:
        for column, release, weight in ((new, phase.canary, phase.weight), (old, phase.stable, 100 - phase.weight)):
            rate = scenario.rpm / 60 * weight / 100
            for counts, share in zip(column.classes, release.shares(scenario.bounds), strict=True):
                counts.extend(_poisson(rng, rate * share, phase.seconds))
        probes |= _ask(asking, scenario.probes, phase, begin)
        begin += phase.seconds
    return Draw(scenario, new, old, probes, _history(before, scenario))


def _ask(rng: random.Random, per_minute: float, phase: Phase, begin: int) -> dict[int, Probe]:
    if not per_minute:
        return {}
    every = 60 / per_minute
    slow = sum(phase.canary.shares((OVER, math.inf))[2:]) / max(1 - phase.canary.errors, 1e-9)
    asked = {}
    for number in range(1, int(phase.seconds / every) + 1):
        failed, late, there = (
            rng.random() < phase.canary.errors,
            rng.random() < slow,
            rng.random() < phase.stable.errors,
        )
        asked[begin + int(number * every) - 1] = Probe(failed, late and not failed, there)
    return asked


def _history(rng: random.Random, scenario: Scenario) -> History:
    """The time before, of which only the sum is known."""
    if not scenario.history:
        return History()
    stable = scenario.phases[0].stable
    rate = scenario.rpm / 60
    classes = [_poisson(rng, rate * share * scenario.history, 1) for share in stable.shares(scenario.bounds)]
    return History({SERVICE: Column(scenario.bounds, classes).side(0, 1)}, float(scenario.history))


def _poisson(rng: random.Random, mean: float, times: int) -> list[int]:
    """So many draws, by inversion."""
    if mean <= 0:
        return [0] * times
    first, table = _table(mean)
    return rng.choices(range(first, first + len(table)), cum_weights=table, k=times)


@cache
def _table(mean: float) -> tuple[int, list[float]]:
    """Where the law has all but 1e-12 of its mass: its first value and the cumulated masses from there."""
    spread = 8 * math.sqrt(mean) + 12
    first, last = max(0, int(mean - spread)), int(mean + spread)
    total, table = 0.0, []
    for value in range(first, last + 1):
        total += math.exp(value * math.log(mean) - mean - math.lgamma(value + 1))
        table.append(total)
    return first, table
