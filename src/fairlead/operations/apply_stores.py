"""`stores apply`: make stores as they are declared now, and end those that are declared no more. Their data stays."""

from __future__ import annotations

from fairlead.operations.build import artifacts_kept
from fairlead.operations.environment import LOCK_PATIENCE, opened
from fairlead.operations.secrets.supply import Supply, told
from fairlead.operations.stores.ensure import ensure, steps_of
from fairlead.operations.transition import prepare_runtime
from fairlead.project.project import Project
from fairlead.rollout.events import Emit, silent
from fairlead.stores.plan import StoreStep
from fairlead.stores.table import stores_of
from fairlead.system.home import Place


def planned(project: Project, name: str) -> tuple[StoreStep, ...]:
    """What `apply` would do now."""
    return steps_of(project.stack(name), project.root, Place.of(project.name, name))


def apply(project: Project, name: str, wait: float = LOCK_PATIENCE, emit: Emit = silent) -> tuple[StoreStep, ...]:
    """Do it; what was done. Busy, Unavailable (secrets), NotWell."""
    stack, place = project.stack(name), Place.of(project.name, name)
    supply = Supply(stack, project.root, place)
    with opened(place, stack.runtime, emit) as environment, environment.held(f"fairlead stores apply {name}", wait):
        say = environment.world.say
        prepare_runtime(environment)
        steps = steps_of(stack, project.root, place)
        told(supply, say)
        with artifacts_kept(environment):
            ensure(supply, say, anew=True)
        stores = stores_of(stack.runtime, place)
        for step in (one for one in steps if one.kind == "leave"):
            stores.stop([step.name])
            stores.remove(step.name)
            say("note", f"{step.name} is ended; its data stays")
        return steps
