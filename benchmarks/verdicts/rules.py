"""Rules that stop a release, all applied to the same draws: Fairlead's, and what others compare once a minute.

A rule takes a draw and gives the second at which it stops the new release, or None. The rivals' rules are those of
their own documentation and source:

- Flagger (`request-success-rate` of at least 99 in an interval of a minute): a check that fails, or finds no value
  because nobody asked, counts; so many in the whole run and it rolls back.
- Argo Rollouts (an analysis in the background, `successCondition: result[0] >= 0.95`, one measurement a minute): a
  measurement below, or NaN, fails; more than `failureLimit` of them and it aborts.
- Fisher's exact test on all counts so far, once a minute at 5 %: what one gets who takes a test made for one look and
  looks every minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.trial import Trial
from fairlead.rollout.verdict.verdict import Verdict

from .draws import Draw

Rule = Callable[[Draw], int | None]
POLICY = Judge()
MINUTE = 60


def fairlead(every: int, probed: bool = False) -> Rule:
    """Fairlead's own, looking every so many seconds, with or without probes."""

    def stop(draw: Draw) -> int | None:
        verdict, second = judge(draw, every, probed)
        return second if verdict.kind == "abort" else None

    return stop


def judge(draw: Draw, every: int, probed: bool = False, policy: Judge = POLICY) -> tuple[Verdict, int]:
    """The verdict that aborts, and when; or the last one."""
    trial = Trial(policy if probed else replace(policy, probe_rate=0.0), "canary", draw.history)
    second = 0
    for tick in draw.ticks(every, probed):
        verdict = trial.add(tick)
        second += every
        if verdict.kind == "abort":
            break
    return verdict, second


def flagger(threshold: int) -> Rule:
    """Stops at the failed check number `threshold`."""
    return lambda draw: _failures(draw, at_least=0.99, stop_at=threshold)


def argo(failure_limit: int) -> Rule:
    """Stops when more than `failure_limit` measurements failed."""
    return lambda draw: _failures(draw, at_least=0.95, stop_at=failure_limit + 1)


def _failures(draw: Draw, at_least: float, stop_at: int) -> int | None:
    failed = 0
    for number, tick in enumerate(draw.ticks(MINUTE), 1):
        (side,) = tick.canary.values()
        failed += side.requests == 0 or 1 - side.errors / side.requests < at_least
        if failed >= stop_at:
            return number * MINUTE
    return None


def fisher(draw: Draw) -> int | None:
    """Stops when the one-sided p-value of all counts so far is below 5 %."""
    canary = stable = bad = good = 0
    for number, tick in enumerate(draw.ticks(MINUTE), 1):
        (new,), (old,) = tick.canary.values(), tick.stable.values()
        canary, stable, bad, good = canary + new.requests, stable + old.requests, bad + new.errors, good + old.errors
        if p_value(bad, canary, good, stable) < 0.05:
            return number * MINUTE
    return None


def p_value(bad: int, canary: int, good: int, stable: int) -> float:
    """P(at least `bad` of all errors fall on the canary's side), by the hypergeometric law (Fisher 1934)."""
    errors, total = bad + good, canary + stable
    if bad <= errors * canary / max(total, 1):
        return 1.0  # not even more than its share: far from 5 %, and the long side of the sum
    term = math.exp(_choose(errors, bad) + _choose(total - errors, canary - bad) - _choose(total, canary))
    tail = 0.0
    for count in range(bad, min(errors, canary) + 1):
        tail += term
        if term < 1e-12 * tail:
            break
        term *= (errors - count) * (canary - count) / ((count + 1) * (total - errors - canary + count + 1))
    return tail


def _choose(of: int, some: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)


RULES: dict[str, Rule] = {
    "Fairlead, looking every second": fairlead(1),
    "Fairlead, every 10 s": fairlead(10),
    "Fairlead, every minute": fairlead(60),
    "Fairlead + 10 probes/min": fairlead(10, probed=True),
    "Flagger, threshold 5": flagger(5),
    "Flagger, threshold 10": flagger(10),
    "Argo, failureLimit 0 (default)": argo(0),
    "Argo, failureLimit 3": argo(3),
    "Fisher's exact test every minute": fisher,
}
