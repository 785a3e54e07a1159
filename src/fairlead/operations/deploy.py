"""Deploy: build, make a release, and move the environment to it as one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.artifacts import ArtifactStore, Release, describe_origin
from fairlead.operations import doctor
from fairlead.operations.build import build, move, predict
from fairlead.operations.checks import docker
from fairlead.operations.environment import LOCK_PATIENCE, machine_facts, opened
from fairlead.operations.schema.moves import moves
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.stores.ensure import steps_of
from fairlead.operations.transition import Intent, Result, schema_may_lack
from fairlead.project.project import Project
from fairlead.project.stack import Stack, Strategy
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.plan import plan
from fairlead.rollout.schema import SchemaMove
from fairlead.rollout.steps import Step
from fairlead.rollout.world import pass_by
from fairlead.stores.plan import StoreStep
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Options:
    """How to deploy."""

    strategy: Strategy | None = None  #: None: as the project file says
    wait: float = LOCK_PATIENCE  #: seconds to wait for another one who holds the environment
    why: str = ""
    hurry: bool = False  #: what a person has to decide is left waiting at once
    anew: bool = False  #: stores that are declared otherwise now may be made anew
    checkpoint: Callable[[str], None] = pass_by  #: called at every point of the journal, with its name


def deploy(project: Project, name: str, options: Options = Options(), emit: Emit = silent) -> Result:
    """Move environment `name` to what the project's folder holds now.

    Refused (preflight), Busy (locked), RolloutFailed or Interrupted (undone), Waiting (a person has to decide),
    FairleadError (a build failed …).
    """
    stack = project.stack(name)
    place = Place.of(project.name, name)
    origin = describe_origin(project.root)
    with opened(place, stack.runtime, emit) as environment:
        environment.world.checkpoint, environment.world.hurry = options.checkpoint, options.hurry
        doctor.require(doctor.examine(project, name), environment.world.say)

        supply = Supply(stack, project.root, place)

        def make() -> Release:
            made = build(environment, supply)
            docker.require_users(stack, made.artifacts)
            return Release.of(stack, made.artifacts, origin, machine=machine_facts(project.root), images=made.images)

        intent = _intent(stack, options, origin)
        return move(environment, make, intent, f"fairlead deploy {name}", options.wait, supply)


def _intent(stack: Stack, options: Options, origin: dict[str, object]) -> Intent:
    return Intent("deploy", options.strategy or stack.rollout.strategy, origin, options.why, anew=options.anew)


def store_steps_of(project: Project, name: str) -> tuple[StoreStep, ...]:
    """What the deployment would do to stores now."""
    return steps_of(project.stack(name), project.root, Place.of(project.name, name))


@dataclass(frozen=True, slots=True)
class Preview:
    """A deployment as it would be carried out now."""

    release: Release
    steps: tuple[Step, ...]
    schema: tuple[SchemaMove, ...] = ()  #: of each database


def preview(project: Project, name: str, options: Options = Options()) -> Preview:
    """What `deploy` would carry out now. Builds nothing, changes nothing."""
    stack = project.stack(name)
    place = Place.of(project.name, name)
    release = predict(ArtifactStore(place.artifacts), Supply(stack, project.root, place))
    observed, may_lack = Observed(), True
    if place.exists():
        with opened(place, stack.runtime) as environment:
            observed = environment.world.observe()
            may_lack = schema_may_lack(environment.ledger, release, observed.live)
    schema = (
        moves(stack, project.root, project.root, release.migrations, release.artifacts, early=True)
        if stack.stores
        else ()
    )
    strategy = options.strategy or stack.rollout.strategy
    wanted = Wanted(release.id, stack, strategy, schema=schema if may_lack else ())
    return Preview(release, plan(wanted, observed), schema)
