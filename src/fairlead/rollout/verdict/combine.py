"""All the evidence together: one number, valid however errors, latency and services depend on each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from fairlead.rollout.verdict.case import PROBES, Case
from fairlead.rollout.verdict.eprocess import average
from fairlead.rollout.verdict.evidence import Mode
from fairlead.rollout.verdict.metric import Metric
from fairlead.rollout.verdict.usual import Count

Cause = Literal["errors", "latency"]

_WEIGHTS = {("errors", "live"): 0.2, ("errors", "usual"): 0.65, ("latency", "live"): 0.1, ("latency", "usual"): 0.05}
"""Fixed beforehand, as they must be. Errors against the usual rate see users and probes, so they get most."""

_LEAST = 3  #: hits below which nothing counts, however unlikely: two in a row can have one reason


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of evidence: which service, which metric, against what."""

    service: str
    cause: Cause
    live: bool  #: against the stable release now; else against what is usual for it
    metric: Metric
    weight: float
    log: float  #: natural logarithm


def parts(case: Case) -> list[Part]:
    """All pieces of evidence."""
    found = []
    judged: tuple[Cause, ...] = ("errors",) if case.policy.over is None else ("errors", "latency")
    whole = sum(_weight(case.mode, cause, live) for cause in judged for live in (True, False))
    for name, share in case.shares().items():
        for cause in judged if name != PROBES else judged[:1]:
            metric = case.services[name].errors if cause == "errors" else case.services[name].slow
            for live in (True, False):
                weight = share * _weight(case.mode, cause, live) / whole
                log = (metric.live if live else metric.usual).log() if metric.bad >= _LEAST else 0.0
                found.append(Part(name, cause, live, metric, weight, log))
    return found


def _weight(mode: Mode, cause: Cause, live: bool) -> float:
    if mode == "watch" and live:
        return 0.0
    return _WEIGHTS[cause, "live" if live else "usual"]


def together(found: list[Part]) -> float:
    """Natural logarithm of the average."""
    return average([(part.weight, part.log) for part in found])


@dataclass(frozen=True, slots=True)
class Excuse:
    """Evidence that does not count, because the stable release is as bad, or has too few answers to tell."""

    part: Part
    shown: bool
    stable: Count


def excused(found: list[Part]) -> tuple[list[Part], list[Excuse]]:
    """The evidence without what the environment explains, and what that is, strongest first."""
    kept, excuses = [], []
    for part in found:
        shared, stable = part.metric.shared() if not part.live and part.log > 0 else ("no", Count())
        if shared == "no":
            kept.append(part)
        else:
            kept.append(replace(part, log=0.0))
            excuses.append(Excuse(part, shared == "yes", stable))
    return kept, sorted(excuses, key=lambda excuse: -strength(excuse.part))


def strength(part: Part) -> float:
    """Logarithm of what a part adds to the sum, for comparing parts."""
    return part.log + math.log(part.weight) if part.weight > 0 else -math.inf
