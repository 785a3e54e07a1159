"""What a deployment would do, without doing it: the release, what must be built, and the steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.artifacts import ArtifactStore
from fairlead.ledger import Ledger
from fairlead.operations.build import built
from fairlead.operations.deploy import Options, preview
from fairlead.project.project import Project
from fairlead.project.stack import Strategy
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.steps import Step
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Build:
    """What one service or job is built into."""

    name: str
    artifact: str
    needed: bool  #: it is not there yet


@dataclass(frozen=True, slots=True)
class Forecast:
    """A deployment that was not carried out."""

    release: str
    strategy: Strategy
    builds: tuple[Build, ...]
    steps: tuple[Step, ...]
    first: str | None = field(default=None)  #: what is finished or undone before, because somebody left it unfinished


def forecast(project: Project, environment: str, options: Options) -> Forecast:
    """What `deploy` with the same arguments would do now. Errors as the project's and those of sources."""
    stack = project.stack(environment)
    place = Place.of(project.name, environment)
    release, steps = preview(project, environment, options)
    store = ArtifactStore(place.artifacts)
    builds = tuple(
        Build(item.name, release.artifacts[item.name], not store.exists(release.artifacts[item.name]))
        for item in built(stack)
    )
    return Forecast(release.id, options.strategy or stack.rollout.strategy, builds, steps, _before(place))


def _before(place: Place) -> str | None:
    if not place.exists():
        return None
    with Ledger.open(place.ledger) as ledger:
        rollout = open_rollout(ledger)
    if rollout is None:
        return None
    what = "finished" if rollout.committed else "undone"
    return f"rollout {rollout.journal.rollout} to {rollout.release} was left unfinished and is {what} first"
