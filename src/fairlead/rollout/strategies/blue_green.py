"""Blue-green: all of the new release beside the old one, then all traffic at once."""

from __future__ import annotations

from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.steps import Step


def steps(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps, in order."""
    return [
        *parts.bring_up_all(wanted, observed),
        *parts.present(wanted, observed),
        *parts.hand_over(wanted, observed),
        *parts.conclude(wanted, observed, parts.presented(wanted, observed)),
    ]
