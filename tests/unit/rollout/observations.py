"""What a plan is made from, built by hand: nothing here runs."""

from __future__ import annotations

from collections.abc import Collection

from fairlead.project.stack import Stack, Strategy
from fairlead.rollout.observed import Observed, Wanted, instance_ids
from fairlead.rollout.plan import plan
from fairlead.rollout.steps import Step
from fairlead.runtimes.base import Instance


def instances(release: str, stack: Stack, stopped: Collection[str] = ()) -> tuple[Instance, ...]:
    """Every instance of a release, well, but for the services in `stopped`."""
    ids = [(id, one) for one in stack.services for id in instance_ids(release, one)]
    return tuple(
        Instance(
            id, release, one.name, int(id.rpartition(".")[2]), 20000 + number if one.port else None,
            "stopped" if one.name in stopped else "running", one.name not in stopped, 1,
        )
        for number, (id, one) in enumerate(ids)
    )  # fmt: skip


def observed(stack: Stack, *more: Instance, warm: tuple[str, ...] = ()) -> Observed:
    """Release `old` of that stack is live; `more` instances exist."""
    return Observed("old", stack, warm, (*instances("old", stack), *more))


def steps(stack: Stack, seen: Observed, strategy: Strategy | None = None, urgent: bool = False) -> tuple[Step, ...]:
    """The plan to release `new` of that stack."""
    return plan(Wanted("new", stack, strategy or stack.rollout.strategy, urgent), seen)


def shown(steps: Collection[Step]) -> str:
    """A plan as a person sees it, a line per step, indented as in the tests."""
    return "".join(f"\n    {step.shown()}" for step in steps) + "\n"
