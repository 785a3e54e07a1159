"""Canary: all of the new release beside the old one, then traffic in steps, each watched before the next."""

from __future__ import annotations

from fairlead.project.resolve import DEFAULT_STEPS
from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.steps import Shares, Step


def steps(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps, in order. Without a live release there is nobody to compare with: all traffic at once.

    What is shown adds up over the steps; only the last one waits until it is enough for all users.
    """
    found = [*parts.meet(wanted, observed), *parts.bring_up_all(wanted, observed)]
    found += [*parts.present(wanted, observed), *parts.gate(wanted, observed)]
    before = parts.presented(wanted, observed)
    if observed.live and parts.is_public(wanted.stack):
        weights = wanted.stack.rollout.steps or DEFAULT_STEPS
        for place, step in enumerate(weights, start=1):
            shares = _shares(wanted, observed.live, step.weight, before)
            last = place == len(weights)
            found.append(Step("route", wanted.release, shares=shares, before=before))
            found.append(Step("watch", wanted.release, seconds=step.pause, stable=observed.live, proves=last))
            found += [Step("approve", wanted.release, stable=observed.live)] if step.approve else []
            before = shares
    return [*found, *parts.hand_over(wanted, observed), *parts.conclude(wanted, observed, before)]


def _shares(wanted: Wanted, old: str, weight: int, before: Shares) -> Shares:
    new = wanted.release
    candidates = tuple(release for release in before.candidates if release != new)
    sticky = f"fairlead-{new}" if wanted.stack.rollout.sticky else ""
    return Shares(((old, 100 - weight), (new, weight)), candidates, sticky=sticky)
