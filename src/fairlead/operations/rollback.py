"""Roll back: to the release before, or to any that is kept. Inside the window its instances still run."""

from __future__ import annotations

from fairlead.artifacts import Release, describe_actor
from fairlead.errors import FairleadError
from fairlead.operations.environment import LOCK_PATIENCE, Environment, existing
from fairlead.operations.transition import Intent, Result, carry_out, prepare_environment
from fairlead.rollout.events import Emit, silent
from fairlead.system.home import Place


def rollback(
    place: Place, to: str | None = None, why: str = "", wait: float = LOCK_PATIENCE, emit: Emit = silent
) -> Result:
    """Move the environment back. UsageError for an unknown release, FairleadError when there is none to go to."""
    with existing(place, emit) as environment, environment.held(f"fairlead rollback {place.environment}", wait):
        prepare_environment(environment)
        release = _target(environment, to)
        origin = release.origin | describe_actor()  # who goes back, and the commit that is gone back to
        intent = Intent("rollback", "blue-green", origin, why, urgent=True)
        return carry_out(environment, release, intent)


def _target(environment: Environment, to: str | None) -> Release:
    state, releases = environment.state, environment.world.releases
    if to is not None:
        release = releases.load(to)
    elif state.previous is not None:
        release = releases.load(state.previous)
    else:
        raise FairleadError("there is no release to go back to", "see `fairlead releases`")
    for digest in release.artifacts.values():
        if not environment.artifacts.exists(digest):
            raise FairleadError(
                f"the artifact {digest[:12]} of release {release.id} is gone", "deploy its commit again"
            )
    return release
