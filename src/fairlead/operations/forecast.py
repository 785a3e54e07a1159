"""What a deployment would do, without doing it: the release, what must be built, and the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.artifacts import ArtifactStore, Release, ReleaseStore
from fairlead.artifacts.release import is_image
from fairlead.ledger import Ledger
from fairlead.operations.build import NEW, built
from fairlead.operations.check import Check
from fairlead.operations.checks import connections
from fairlead.operations.deploy import Options, preview
from fairlead.operations.images import containers, image_store
from fairlead.operations.stores.ensure import steps_of
from fairlead.project.project import Project
from fairlead.project.resolve import DEFAULT_STEPS
from fairlead.project.stack import Job, Service, Stack, Strategy
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.schema import SchemaMove
from fairlead.rollout.steps import Step
from fairlead.stores.plan import StoreStep
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.rollout.verdict.forecast import Forecast as Shown


@dataclass(frozen=True, slots=True)
class Build:
    """What one service or job is built into."""

    name: str
    artifact: str
    needed: bool  #: it is not there yet
    how: str = "built"  #: or pulled


@dataclass(frozen=True, slots=True)
class Forecast:
    """A deployment that was not carried out."""

    release: str
    strategy: Strategy
    builds: tuple[Build, ...]
    steps: tuple[Step, ...]
    first: str | None = None  #: what is in the way, or finished or undone before
    connections: tuple[Check, ...] = ()  #: what the services open to each store that has a limit
    stores: tuple[StoreStep, ...] = ()  #: what is done to stores, before everything else
    evidence: Shown | None = None  #: what each step of a canary can show; None when it has none to compare with
    schema: tuple[SchemaMove, ...] = ()  #: what is done to each database, and what waits until later


def forecast(project: Project, environment: str, options: Options) -> Forecast:
    """What `deploy` with the same arguments would do now. Errors as the project's and those of sources."""
    stack = project.stack(environment)
    place = Place.of(project.name, environment)
    seen = preview(project, environment, options)
    release, steps = seen.release, seen.steps
    builds = tuple(_build(place, item, release) for item in built(stack))
    strategy = options.strategy or stack.rollout.strategy
    opened = tuple(connections.examine(stack, strategy))
    stores = steps_of(stack, project.root, place)
    evidence = _shown(place, stack, steps)
    return Forecast(release.id, strategy, builds, steps, _before(place), opened, stores, evidence, seen.schema)


def _build(place: Place, item: Service | Job, release: Release) -> Build:
    artifact = release.artifacts[item.name]
    if release.stack.runtime == "process":
        return Build(item.name, artifact, not ArtifactStore(place.artifacts).exists(artifact))
    here = release.id != NEW or (is_image(artifact) and image_store(place).exists(artifact))
    one = next(one for each, one in containers(release.stack) if each.name == item.name)
    return Build(item.name, artifact, not here, "built" if one.build else "pulled")


def _shown(place: Place, stack: Stack, steps: tuple[Step, ...]) -> Shown | None:
    """From the traffic that was measured, what the judged steps of a canary can show."""
    judged = [step for step in steps if step.kind == "watch" and step.mode == "canary"]
    stable = ReleaseStore(place.releases).load_or_none(judged[0].stable) if judged else None
    if stable is None:
        return None
    from fairlead.rollout.evidence.history import history  # noqa: PLC0415 — only a canary needs it
    from fairlead.rollout.verdict.forecast import forecast as foresee  # noqa: PLC0415

    policy = stack.rollout.judge
    services = [service.name for service in stable.stack.services if service.routes]
    weights = stack.rollout.steps or DEFAULT_STEPS
    return foresee(policy, weights, history(place, stable.id, services, policy.over))


def _before(place: Place) -> str | None:
    if not place.exists():
        return None
    with Ledger.read(place.ledger) as ledger:
        rollout = open_rollout(ledger)
    if rollout is None:
        return None
    if rollout.waiting:
        name = place.environment
        return f"decide over rollout {rollout.journal.rollout}, which waits: fairlead promote {name}, or abort {name}"
    what = "finished" if rollout.committed else "undone"
    return f"rollout {rollout.journal.rollout} to {rollout.release} was left unfinished and is {what} first"
