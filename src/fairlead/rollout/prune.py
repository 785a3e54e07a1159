"""Which releases are kept: the live one, the warm ones, whatever still has instances, and the newest few."""

from __future__ import annotations

from fairlead.rollout.state import read_state
from fairlead.rollout.world import World


def prune(world: World, keep: int) -> tuple[str, ...]:
    """Forget the others; what was built for them goes when no environment of the project names it any more."""
    state = read_state(world.ledger)
    used = {one.release for one in world.runtime.observe()}
    protected = {release for release in (state.live, state.previous, *state.warm_now(), *used) if release}
    gone = world.releases.prune(keep, protected)
    if gone:
        world.say("note", f"forgot {', '.join(gone)}", releases=list(gone))
    world.sweep_artifacts()
    return gone
