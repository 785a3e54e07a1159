"""What judging costs: fifty services, a look every second."""

from __future__ import annotations

import time
from dataclasses import replace

from tables import Table

from fairlead.project.stack import LATENCY_BUCKETS, Judge
from fairlead.rollout.verdict.evidence import Side, Tick
from fairlead.rollout.verdict.trial import Trial

from .draws import Release, canary, draw

SERVICES, SECONDS = 50, 120
SCENARIO = replace(canary(600, Release()), bounds=LATENCY_BUCKETS)


def cost() -> Table:
    """Of processor time, since a wall clock would count what else the machine does."""
    apart, together = _apart(), _together()
    rows = [(f"{SERVICES} rollouts of one service each", _percent(apart)), (f"one of {SERVICES}", _percent(together))]
    note = f"Each service with 600 requests/min, {len(LATENCY_BUCKETS)} buckets of latency; wanted: at most 5 %."
    return Table("Judging every second, in % of one core", ("", "%"), rows, note)


def _apart() -> float:
    drawn = draw(SCENARIO, 0)
    trials = [Trial(Judge(), "canary", drawn.history) for _ in range(SERVICES)]
    return _measured(trials, list(drawn.ticks(1, probed=True)))


def _together() -> float:
    drawn = draw(SCENARIO, 0)
    ticks = [
        replace(tick, canary=_repeated(tick.canary), stable=_repeated(tick.stable))
        for tick in drawn.ticks(1, probed=True)
    ]
    history = replace(drawn.history, services=_repeated(drawn.history.services))
    return _measured([Trial(Judge(), "canary", history)], ticks)


def _repeated(sides: dict[str, Side]) -> dict[str, Side]:
    (side,) = sides.values()
    return {f"service-{number}": side for number in range(SERVICES)}


def _measured(trials: list[Trial], ticks: list[Tick]) -> float:
    """Seconds of the processor for each second that is judged."""
    begun = time.process_time()
    for tick in ticks[:SECONDS]:
        for trial in trials:
            trial.add(tick)
    return (time.process_time() - begun) / SECONDS


def _percent(share: float) -> str:
    return f"{share * 100:.1f}"
