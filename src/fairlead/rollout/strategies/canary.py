"""Canary: all of the new release beside the old one, then traffic in steps, each watched before the next."""

from __future__ import annotations

from fairlead.project.stack import CanaryStep
from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.steps import Shares, Step

DEFAULT_STEPS = (CanaryStep(5, 60.0), CanaryStep(25, 120.0), CanaryStep(50, 120.0))


def steps(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps, in order. Without a live release there is nobody to compare with: all traffic at once."""
    found = [*parts.bring_up_all(wanted, observed), *parts.present(wanted, observed)]
    before = parts.presented(wanted, observed)
    if observed.live and parts.is_public(wanted.stack):
        for step in wanted.stack.rollout.steps or DEFAULT_STEPS:
            shares = _shares(wanted.release, observed.live, step.weight, before)
            found.append(Step("route", wanted.release, shares=shares, before=before))
            found.append(Step("watch", wanted.release, seconds=step.pause))
            before = shares
    return [*found, *parts.hand_over(wanted, observed), *parts.conclude(wanted, observed, before)]


def _shares(new: str, old: str, weight: int, before: Shares) -> Shares:
    candidates = tuple(release for release in before.candidates if release != new)
    return Shares(((old, 100 - weight), (new, weight)), candidates)
