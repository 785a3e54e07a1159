"""From what is known to a verdict: which rule comes before which.

Failed probes; counts that cannot be trusted; evidence, less what the environment explains; a wrong share of requests;
then whether enough was shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fairlead.rollout.verdict import words
from fairlead.rollout.verdict.bound import events_needed, upper_bound
from fairlead.rollout.verdict.case import PROBES, Case
from fairlead.rollout.verdict.combine import Excuse, Part, excused, parts, strength, together
from fairlead.rollout.verdict.ranks import Slower
from fairlead.rollout.verdict.timeline import failing
from fairlead.rollout.verdict.usual import Count, promotion_limit, threshold
from fairlead.rollout.verdict.verdict import Cause, Kind, Verdict

Ruling = tuple[Kind, Cause, str]

_WAIT = 40.0  #: seconds that failed probes wait for answers of the stable release, where it is asked now and then
_WORD = {"errors": "error", "latency": "slow answer"}


@dataclass(frozen=True, slots=True)
class Bound:
    """How bad the new release can still be, all services and probes together."""

    seen: Count
    upper: float
    limit: float
    needed: int  #: more good answers that would show it
    hidden: str = ""  #: a service whose own errors are over its own limit

    @property
    def shown(self) -> bool:
        """Whether that is good enough."""
        return self.upper < self.limit and not self.hidden


def rule(case: Case) -> Verdict:
    """The verdict on what is known now."""
    found = parts(case)
    bound = _bound(case)
    views = {name: view for name, one in case.services.items() if (view := one.buckets.view())}
    numbers = _numbers(case, found, bound, views)
    kind, cause, text = _decide(case, found, bound, views)
    return Verdict(kind, cause, text, numbers)


def _decide(case: Case, found: list[Part], bound: Bound, views: dict[str, Slower]) -> Ruling:
    if case.blamed >= 3 and case.blamed >= _too_many(case):
        return _failed_probes(case)
    if case.trouble:
        return "hold", "metrics", f"these counts cannot be trusted: {case.trouble}"
    if together(found) >= threshold(case.policy):
        return _evidence(case, found)
    return _nothing_against(case, found, bound, views)


def _evidence(case: Case, found: list[Part]) -> Ruling:
    kept, excuses = excused(found)
    if together(kept) >= threshold(case.policy):
        return _abort(case, max(kept, key=strength))
    return "hold", "environment", _environment(case, excuses[0])


def _nothing_against(case: Case, found: list[Part], bound: Bound, views: dict[str, Slower]) -> Ruling:
    if wrong := _wrong_share(case):
        return "hold", "ratio", wrong
    if not bound.seen.events:
        return "hold", "insufficient", "the new release has not answered anything yet"
    return _enough(case, found, bound, views)


def _too_many(case: Case) -> int:
    if case.probed is None:
        return 3
    return case.services[case.probed].errors.failures_that_count(math.exp(-threshold(case.policy)))


def _failed_probes(case: Case) -> Ruling:
    said = f"{words.number(case.in_a_row)} probes failed in a row"
    why = f": {case.last_failure}" if case.last_failure else ""
    metric = case.services[case.probed].errors if case.probed is not None else None
    stable = metric.timeline.lately(case.failing_for) if metric else Count()
    shared = failing(stable, metric.limit) if metric and metric.stable.events else "no"
    if shared == "yes":
        return "hold", "environment", f"{said}{why}; but so does stable, {words.hits(stable, 'error')} in the same time"
    if shared == "unclear" and case.failing_for < _WAIT:
        few = f"{words.hits(stable, 'error')} of stable since then are too few to tell whether it is the environment"
        return "hold", "environment", f"{said}{why}; {few}"
    return "abort", "probes", f"{said}{why}"


def _abort(case: Case, part: Part) -> Ruling:
    return "abort", part.cause, f"{_against(case, part)}: evidence {words.odds(part.log)} against {_null(case, part)}"


def _null(case: Case, part: Part) -> str:
    return words.times(max(1.0, case.policy.tolerate)) if part.live else f"at most {words.percent(part.metric.limit)}"


def _against(case: Case, part: Part) -> str:
    word, metric = _WORD[part.cause], part.metric
    text = f"{_name(case, part.service)}canary {words.hits(metric.canary, word)}"
    if metric.extra.events:
        text = (
            f"{text} and {words.counted(metric.extra.hits, 'failure')} in {words.counted(metric.extra.events, 'probe')}"
        )
    if part.live or metric.stable.events:
        return f"{text}, stable {words.bare(metric.stable)}"
    return f"{text}, usual {words.percent(metric.history.share)}" if metric.history.events else text


def _name(case: Case, service: str) -> str:
    return words.of(service if len(case.services) > 1 else "")


def _environment(case: Case, excuse: Excuse) -> str:
    said = _against(case, excuse.part)
    word = _WORD[excuse.part.cause]
    if excuse.shown:
        return f"{said}: stable is as bad since then, {words.hits(excuse.stable, word)}, so it is the environment"
    return f"{said}: stable has only {words.counted(excuse.stable.events, 'answer')} since then, too few to tell why"


def _wrong_share(case: Case) -> str:
    if case.mode != "canary":
        return ""
    shared = {name: one.shares for name, one in case.services.items()}
    for name, shares in shared.items():
        if shares.wrong(len(shared)):
            total = shares.canary + shares.stable
            asked, got = words.percent(shares.weight / 100), words.percent(shares.canary / total)
            counts = f"{words.number(shares.canary)} of {words.counted(total, 'request')}"
            return f"{_name(case, name)}canary got {got} of the requests ({counts}) where {asked} was asked"
    return ""


def _enough(case: Case, found: list[Part], bound: Bound, views: dict[str, Slower]) -> Ruling:
    seen = f"canary {words.hits(bound.seen, 'error')}: at most {words.percent(bound.upper)} at {_sure(case)}"
    if not bound.shown:
        return "continue", "", f"{seen}; {_missing(case, bound)}"
    if together(found) >= threshold(case.policy) / 2:
        worst = max(found, key=strength)
        evidence = f"evidence {words.odds(worst.log)} against {_null(case, worst)}"
        return "continue", "", f"{seen}; but {_against(case, worst)}, {evidence}, is too near to an end"
    for name, view in views.items():
        if view.clearly:
            slower = f"of two answers canary's is the slower in {words.percent(view.chance)} of cases"
            return "continue", "", f"{seen}; but {_name(case, name)}{slower}"
    return "promote", "", f"{seen}, below {words.percent(bound.limit)}"


def _missing(case: Case, bound: Bound) -> str:
    if bound.needed:
        return f"{words.number(bound.needed)} more good answers show {words.percent(bound.limit)}"
    count = case.services[bound.hidden].answers
    return f"but {words.hits(count, 'error')} of {bound.hidden} is over its limit"


def _sure(case: Case) -> str:
    return words.percent(case.policy.confidence)


def _bound(case: Case) -> Bound:
    """All services pooled, since users see them all; but none may hide its errors behind the others' good answers."""
    seen, stable, hidden = Count(), Count(), ""
    for name, service in case.services.items():
        seen = seen.plus(service.answers)
        if name == PROBES:
            continue
        stable = stable.plus(service.stable)
        if service.answers.share > promotion_limit(case.policy, service.stable):
            hidden = name
    sure = min(max(case.policy.confidence, 0.5), 1 - 1e-9)
    limit = promotion_limit(case.policy, stable)
    needed = max(0, events_needed(seen.hits, limit, sure) - seen.events)
    return Bound(seen, upper_bound(seen.hits, seen.events, sure), limit, needed, hidden)


def _numbers(case: Case, found: list[Part], bound: Bound, views: dict[str, Slower]) -> dict[str, Any]:
    """Everything a person or a chart may want, JSON types, all finite."""
    return {
        "services": {name: _counts(case, name) for name in case.services if name != PROBES},
        "probes": _probes(case),
        "evidence": evidence(together(found)),
        "evidence_to_abort": evidence(threshold(case.policy)),
        "parts": [_part(part) for part in found if part.weight > 0],
        "bound": {
            "errors": bound.seen.hits,
            "answers": bound.seen.events,
            "upper": bound.upper,
            "limit": bound.limit,
            "needed": bound.needed,
        },
        "slower": {name: {"chance": view.chance, "deviations": view.deviations} for name, view in views.items()},
    }


def _counts(case: Case, name: str) -> dict[str, Any]:
    one = case.services[name]
    sides = {
        side: {"requests": errors.events, "errors": errors.hits, "slow": slow.hits if slow.events else None}
        for side, errors, slow in (
            ("canary", one.errors.canary, one.slow.canary),
            ("stable", one.errors.stable, one.slow.stable),
        )
    }
    shares = {"weight": one.shares.weight, "canary": one.shares.canary, "stable": one.shares.stable}
    return {**sides, "usual": one.errors.history.share, "limit": one.errors.limit, "shares": shares}


def _probes(case: Case) -> dict[str, Any]:
    extra = case.services[case.probed].errors.extra if case.probed is not None else Count()
    return {"sent": extra.events, "failed": extra.hits, "in_a_row": case.in_a_row}


def _part(part: Part) -> dict[str, Any]:
    against = "stable" if part.live else "usual"
    return {"service": part.service, "of": part.cause, "against": against, "evidence": evidence(part.log)}


def evidence(log: float) -> float:
    """Evidence as a number that JSON can carry: 1 is none, four figures, 1e12 at most."""
    return float(f"{math.exp(min(log, math.log(1e12))):.4g}")
