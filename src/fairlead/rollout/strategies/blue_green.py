"""Blue-green: all of the new release beside the old one, then all traffic at once."""

from __future__ import annotations

from fairlead.project.stack import Service
from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.steps import Step


def steps(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps, in order."""
    if wanted.urgent:
        return _urgent(wanted, observed)
    return [
        *parts.meet(wanted, observed),
        *parts.bring_up_all(wanted, observed),
        *parts.present(wanted, observed),
        *parts.gate(wanted, observed),
        *parts.hand_over(wanted, observed),
        *parts.conclude(wanted, observed, parts.presented(wanted, observed)),
    ]


def _urgent(wanted: Wanted, observed: Observed) -> list[Step]:
    """The way back: users wait for nothing that is not theirs, so workers hand over after the traffic has moved."""
    presented = parts.presented(wanted, observed)
    last = parts.conclude(wanted, observed, presented)
    routes = [step for step in last if step.kind == "route"]
    rest = [step for step in last if step.kind != "route"]
    first = [*parts.meet(wanted, observed), *parts.bring_up_all(wanted, observed, _serves)]
    first += parts.present(wanted, observed)
    workers = parts.bring_up_all(wanted, observed, lambda service: not _serves(service))
    return [*first, *routes, *workers, *parts.hand_over(wanted, observed), *rest]


def _serves(service: Service) -> bool:
    return not service.is_worker
