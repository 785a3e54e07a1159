"""What a canary will be able to show, before it begins: from the traffic there is, step by step. Pure.

It uses the bound and the limit that promotion is decided by, on the answers of all services and to probes together, so
what it says comes true while the traffic stays as it was. How long a person takes to approve is not in the figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.project.stack import CanaryStep, Judge
from fairlead.rollout.verdict.bound import events_needed, upper_bound
from fairlead.rollout.verdict.evidence import History
from fairlead.rollout.verdict.usual import Count, promotion_limit

MINUTE = 60.0
MOST = 10_000_000  #: answers; nobody waits for more
FEW = 10  #: answers of a service below which next to nothing is known of it


@dataclass(frozen=True, slots=True)
class StepForecast:
    """One step. Counts are expected ones; shares are of errors, 0..1, at the policy's confidence."""

    number: int  #: from 1
    weight: int  #: percent
    seconds: float
    requests: int  #: of users to the new release, in this step
    probes: int  #: of Fairlead's own, in this step
    answers: int  #: of the new release up to the end of this step, all of them: what is shown adds up
    shows: float  #: at best the share of errors is shown to be below this by then: without a single error
    likely: float  #: the same with as many errors as the stable release would have had
    enough: bool  #: whether `likely` is what promotion asks for
    text: str  #: one line


@dataclass(frozen=True, slots=True)
class Forecast:
    """A whole canary. Times are seconds from the beginning of its first step; None: never."""

    per_minute: float  #: requests of all services, those to both releases together; 0: none were measured
    stable: float  #: share of errors the stable release has, 0..1
    quiet: tuple[str, ...]  #: services that will have answered next to nothing by the deadline
    limit: float  #: the share of errors that promotion asks to be shown, 0..1
    steps: tuple[StepForecast, ...]
    best: float | None  #: promotion comes then at best: without a single error
    likely: float | None  #: and then with as many errors as the stable release has
    total: float  #: how long the steps are to take
    deadline: float  #: when `judge.hold_for` is over, and a person or `judge.insufficient` decides
    possible: bool  #: whether `likely` is not after the deadline
    text: str  #: one line
    advice: tuple[str, ...]  #: what to change if it is: one sentence each, any of them is enough

    def to_data(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def forecast(policy: Judge, steps: Sequence[CanaryStep], history: History) -> Forecast:
    """What each of `steps` will show while the traffic is as in `history`, and when all users get the new release.

    `history` is what the live release answered lately, by service; where there is none only probes are counted on.
    """
    stable = Count(
        sum(side.errors for side in history.services.values()), sum(side.requests for side in history.services.values())
    )
    plan = _Plan(policy, tuple(steps), _rate(stable.events, history), stable.share, promotion_limit(policy, stable))
    best, likely = plan.reached(plan.needed(0.0)), plan.reached(plan.needed(plan.stable))
    possible = likely is not None and likely <= plan.deadline
    return Forecast(
        plan.per_minute, plan.stable, _quiet(plan, history), plan.limit,
        tuple(_step(plan, number) for number in range(1, len(steps) + 1)),
        best, likely, plan.total, plan.deadline, possible, _whole(plan, best, likely),
        () if possible else tuple(_advice(plan, likely)),
    )  # fmt: skip


def _rate(requests: int, history: History) -> float:
    """Per minute."""
    return requests * MINUTE / history.seconds if history.seconds > 0 else 0.0


def _quiet(plan: _Plan, history: History) -> tuple[str, ...]:
    """Services of which next to nothing will be known. Probes do not ask each of them."""
    if not plan.per_minute:
        return tuple(history.services)
    users = sum(step.pause * plan.users(step) for step in plan.steps)
    users += plan.policy.hold_for * (plan.last_rate - plan.policy.probe_rate)
    shares = {name: _rate(side.requests, history) / plan.per_minute for name, side in history.services.items()}
    return tuple(name for name, share in shares.items() if share * users < FEW)


@dataclass(frozen=True, slots=True)
class _Plan:
    policy: Judge
    steps: tuple[CanaryStep, ...]
    per_minute: float
    stable: float
    limit: float

    @property
    def total(self) -> float:
        return sum(step.pause for step in self.steps)

    @property
    def deadline(self) -> float:
        return self.total + self.policy.hold_for

    def users(self, step: CanaryStep) -> float:
        """Answers of the new release to users, per second."""
        return self.per_minute / MINUTE * step.weight / 100

    def answers(self, steps: int) -> float:
        """Answers of the new release until the end of that many steps, to users and probes."""
        return sum(step.pause * (self.users(step) + self.policy.probe_rate) for step in self.steps[:steps])

    @property
    def last_rate(self) -> float:
        """Answers per second after the last step, at its weight."""
        return (self.users(self.steps[-1]) if self.steps else 0.0) + self.policy.probe_rate

    def needed(self, share: float) -> int | None:
        """How many answers show enough when that share of them are errors; None: none do."""
        errors = 0
        while share < self.limit:
            answers = events_needed(errors, self.limit, self.policy.confidence)
            expected = round(answers * share)
            if answers > MOST:
                break
            if expected <= errors:
                return answers
            errors = expected
        return None

    def reached(self, answers: int | None) -> float | None:
        """When there are so many, in seconds, and the last step is over; None: never."""
        if answers is None:
            return None
        missing = answers - self.answers(len(self.steps))
        if missing <= 0:
            return self.total
        return self.total + missing / self.last_rate if self.last_rate > 0 else None

    def shown(self, answers: float, share: float) -> float:
        """The share of errors that so many answers rule out when that share of them are errors."""
        whole = math.floor(answers + 1e-6)
        return upper_bound(round(whole * share), whole, self.policy.confidence)


def _step(plan: _Plan, number: int) -> StepForecast:
    step, answers = plan.steps[number - 1], plan.answers(number)
    shows, likely = plan.shown(answers, 0.0), plan.shown(answers, plan.stable)
    return StepForecast(
        number, step.weight, step.pause, round(plan.users(step) * step.pause),
        round(plan.policy.probe_rate * step.pause), math.floor(answers + 1e-6), shows, likely,
        likely <= plan.limit, _sentence(plan, step, shows, likely),
    )  # fmt: skip


def _sentence(plan: _Plan, step: CanaryStep, shows: float, likely: float) -> str:
    begun = f"{step.weight} % for {_span(step.pause)}: {_traffic(plan)}"
    if shows > 0.5:
        return f"{begun} nothing can be shown by its end"
    rest = f", {_percent(likely)} with as many as the stable release has" if likely > shows else ""
    asked = "enough" if likely <= plan.limit else f"{_percent(plan.limit)} is asked for"
    return f"{begun} this can show at most {_percent(shows)} errors by its end{rest} ({asked})"


def _traffic(plan: _Plan) -> str:
    probes = f"{_figures(plan.policy.probe_rate * MINUTE)} probes/min" if plan.policy.probe_rate else ""
    if not plan.per_minute:
        return f"no requests were measured: {f'with {probes} ' if probes else ''}".rstrip()
    return f"at {_figures(plan.per_minute)} requests/min{f' and {probes}' if probes else ''}"


def _whole(plan: _Plan, best: float | None, likely: float | None) -> str:
    if best is None:
        return "all users never get the new release by itself: there are neither requests nor probes to judge it by"
    if likely is None:
        return f"the stable release has {_percent(plan.stable)} errors itself, {_percent(plan.limit)} is asked for"
    later = f", {_span(likely)} with as many errors as the stable release has" if likely > best else ""
    late = f"; after {_span(plan.deadline)} it is no longer waited for" if likely > plan.deadline else ""
    return f"all users get the new release after {_span(best)} at best{later}{late}"


def _advice(plan: _Plan, likely: float | None) -> list[str]:
    known = plan.answers(len(plan.steps)) + plan.policy.hold_for * plan.last_rate
    found, answers = [], plan.needed(plan.stable)
    if answers is not None and plan.deadline > 0:
        more = plan.policy.probe_rate + (answers - known) / plan.deadline
        found.append(f"send more probes: judge.probes.rate: {math.ceil(more * MINUTE)}/m")
    if likely is not None:
        wait = math.ceil((likely - plan.total) / MINUTE)
        found.append(f"wait longer: judge.hold_for: {wait}m, or as much more for the last step")
    shown = math.ceil(plan.shown(known, plan.stable) * 1000) / 1000
    if shown <= 0.5:
        found.append(f"ask for less: judge.promote.errors_below: {shown * 100:g}%")
    return found


def _figures(value: float) -> str:
    """Three figures: `0.25`, `10`, `2 430`."""
    return f"{float(f'{value:.3g}'):,.0f}".replace(",", " ") if value >= 1000 else f"{value:.3g}"


def _percent(share: float) -> str:
    """`0.5 %`, `13 %`."""
    return f"{share * 100:.2g} %" if share < 0.995 else "100 %"


def _span(seconds: float) -> str:
    """`40 s`, `2 min`, `1 h 5 min`."""
    if seconds < MINUTE:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / MINUTE)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
