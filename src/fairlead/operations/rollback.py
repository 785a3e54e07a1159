"""Roll back: to the release before, or to any that is kept. Inside the window its instances still run."""

from __future__ import annotations

from typing import Any

from fairlead.artifacts import Release, describe_actor
from fairlead.artifacts.release import is_image
from fairlead.errors import FairleadError
from fairlead.operations.environment import LOCK_PATIENCE, Environment, existing
from fairlead.operations.images import have_images
from fairlead.operations.rotation.recovery import prepare
from fairlead.operations.schema.fits import newer, require, shown
from fairlead.operations.transition import Intent, Result, carry_out
from fairlead.rollout.events import Emit, silent
from fairlead.system.home import Place


def rollback(
    place: Place, to: str | None = None, why: str = "", wait: float = LOCK_PATIENCE, emit: Emit = silent,
    despite_contract: bool = False,
) -> Result:  # fmt: skip
    """Move the environment back. UsageError for an unknown release, FairleadError when there is none to go to.

    Refused where the schema lost what it may need, unless `despite_contract`.
    """
    with existing(place, emit) as environment, environment.held(f"fairlead rollback {place.environment}", wait):
        prepare(environment)
        return back_to(environment, to, why, describe_actor(), despite_contract)


def back_to(
    environment: Environment, to: str | None, why: str, actor: dict[str, Any], despite_contract: bool = False
) -> Result:
    """Go back, under the environment's lock. `actor`: who goes back; the rest of the origin is the release's own.

    The schema stays as it is; what the release does not know of it is said.
    """
    release = _target(environment, to)
    if not despite_contract:
        require(environment.ledger, release, environment.place.environment)
    if more := newer(environment.ledger, release):
        environment.world.say("note", f"the schema stays newer than {release.id}: {shown(more)} ran after it")
    intent = Intent("rollback", "blue-green", release.origin | actor, why, urgent=True)
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
        if not is_image(digest) and not environment.artifacts.exists(digest):
            raise FairleadError(
                f"the artifact {digest[:12]} of release {release.id} is gone", "deploy its commit again"
            )
    have_images(environment.place, release, lambda text: environment.world.say("note", text))
    return release
