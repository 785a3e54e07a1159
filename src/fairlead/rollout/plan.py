"""The plan: a pure function from what is wanted and what was observed to the steps between."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.project.stack import Strategy
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.schema import schema_steps
from fairlead.rollout.steps import Step, numbered
from fairlead.rollout.strategies import blue_green, canary, rolling

STRATEGIES: dict[Strategy, Callable[[Wanted, Observed], list[Step]]] = {
    "blue-green": blue_green.steps,
    "canary": canary.steps,
    "rolling": rolling.steps,
}


def plan(wanted: Wanted, observed: Observed) -> tuple[Step, ...]:
    """The steps from the live release to the wanted one; none when it is live already and all of it runs."""
    if wanted.release == observed.live:
        return ()
    first = [] if wanted.urgent else schema_steps(wanted.release, wanted.schema)
    return numbered([*first, *STRATEGIES[wanted.strategy](wanted, observed)])
