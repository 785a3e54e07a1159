"""Many runs of one scenario under several rules: how often each stops the new release, when, and what users got."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from .draws import Scenario, draw
from .rules import RULES


@dataclass
class Outcome:
    """What a rule came to in all runs of a scenario."""

    stops: list[int | None] = field(default_factory=list)  #: for each run the second, or None
    user_errors: list[int] = field(default_factory=list)  #: for each run, until the stop or the end

    @property
    def share(self) -> float:
        """Percent of the runs that were stopped."""
        return 100 * sum(stop is not None for stop in self.stops) / len(self.stops)

    @property
    def median(self) -> float | None:
        """The median of the times of the stops, seconds."""
        stops = [stop for stop in self.stops if stop is not None]
        return statistics.median(stops) if stops else None

    @property
    def errors(self) -> float:
        """Errors that users got from the new release, mean of all runs."""
        return statistics.mean(self.user_errors)


def outcomes(scenario: Scenario, rules: Iterable[str], seeds: Iterable[int]) -> dict[str, Outcome]:
    """Every rule on the same draws."""
    found = {rule: Outcome() for rule in rules}
    for seed in seeds:
        drawn = draw(scenario, seed)
        for rule, outcome in found.items():
            stop = RULES[rule](drawn)
            outcome.stops.append(stop)
            outcome.user_errors.append(drawn.user_errors(stop))
    return found


def many(scenarios: Sequence[Scenario], rules: Sequence[str], runs: int) -> list[dict[str, Outcome]]:
    """All scenarios, on all cores."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        size = max(1, runs // 4)
        parts = [
            [
                pool.submit(outcomes, scenario, rules, range(begin, min(begin + size, runs)))
                for begin in range(0, runs, size)
            ]
            for scenario in scenarios
        ]
        return [_joined([part.result() for part in row]) for row in parts]


def _joined(parts: list[dict[str, Outcome]]) -> dict[str, Outcome]:
    whole = {rule: Outcome() for rule in parts[0]}
    for part in parts:
        for rule, outcome in part.items():
            whole[rule].stops += outcome.stops
            whole[rule].user_errors += outcome.user_errors
    return whole
