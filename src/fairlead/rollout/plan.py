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
    """The steps from the live release to the wanted one. When it is live already and all of it runs, those of a schema
    that is not as it needs, which a restore may leave; else none.
    """
    first = [] if wanted.urgent else schema_steps(wanted.release, wanted.schema)
    if wanted.release == observed.live:
        return numbered(first)
    return numbered([*first, *STRATEGIES[wanted.strategy](wanted, observed)])
