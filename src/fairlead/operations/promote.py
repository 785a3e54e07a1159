"""Promote: the artifacts that are live in one environment become a release of another, without being built again."""

from __future__ import annotations

from fairlead.artifacts import Release, ReleaseStore, describe_origin
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations import doctor
from fairlead.operations.build import built
from fairlead.operations.environment import LOCK_PATIENCE, opened
from fairlead.operations.transition import Intent, Result, carry_out, prepare_environment
from fairlead.project.project import Project
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.state import read_state
from fairlead.system.home import Place


def promote(project: Project, source: str, target: str, wait: float = LOCK_PATIENCE, emit: Emit = silent) -> Result:
    """Deploy to `target` what is live in `source`, with `target`'s own configuration."""
    origin_release = live_release(Place.of(project.name, source))
    stack = project.stack(target)
    with opened(Place.of(project.name, target), stack.runtime, emit) as environment:
        doctor.require(doctor.examine(project, target))
        with environment.held(f"fairlead promote {source} {target}", wait):
            for digest in sorted(set(origin_release.artifacts.values())):
                environment.artifacts.verify(digest)
            prepare_environment(environment)
            origin = describe_origin(project.root) | {"promoted": {"from": source, "release": origin_release.id}}
            artifacts = _artifacts(origin_release, [item.name for item in built(stack)], source)
            release = environment.world.releases.save(Release.of(stack, artifacts, origin))
            return carry_out(environment, release, Intent("promote", stack.rollout.strategy, origin))


def live_release(place: Place) -> Release:
    """The live release of an environment. FairleadError when there is none."""
    if place.exists():
        with Ledger.open(place.ledger) as ledger:
            live = read_state(ledger).live
        if live:
            return ReleaseStore(place.releases).load(live)
    raise FairleadError(
        f"{place.environment} has no live release", f"deploy to it first: fairlead deploy {place.environment}"
    )


def _artifacts(release: Release, names: list[str], source: str) -> dict[str, str]:
    missing = [name for name in names if name not in release.artifacts]
    if missing:
        what = f"release {release.id} of {source} has no artifact for {', '.join(missing)}"
        raise FairleadError(what, f"deploy to {source} first: fairlead deploy {source}")
    return {name: release.artifacts[name] for name in names}
