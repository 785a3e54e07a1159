"""Bring the live release back to what it should be: everything of it running, ready, and getting its traffic."""

from __future__ import annotations

from fairlead.artifacts import Release
from fairlead.operations.environment import Environment
from fairlead.operations.images import have_images
from fairlead.operations.keeper import have_keeper
from fairlead.operations.stores import ensure as stores
from fairlead.project.order import service_levels
from fairlead.rollout.observed import instance_ids
from fairlead.rollout.recovery import restore_traffic
from fairlead.rollout.specs import service_specs


def all_ids(release: Release) -> tuple[str, ...]:
    """The ids of all instances a release should have."""
    return tuple(id for service in release.stack.services for id in instance_ids(release.id, service))


def missing(environment: Environment, release: Release) -> tuple[str, ...]:
    """Those of its instances that do not live, or were not found ready since they began: nobody may be sent there."""
    well = {one.id for one in environment.world.runtime.observe() if one.living and one.verified}
    return tuple(id for id in all_ids(release) if id not in well)


def begin(environment: Environment, release: Release, ids: tuple[str, ...]) -> None:
    """Start these instances; does not wait for them. An image that somebody has removed is had again before."""
    world = environment.world
    have_images(environment.place, release, lambda text: world.say("note", text))
    world.runtime.start(service_specs(release, ids, world.machine(release)))


def revive(environment: Environment) -> None:
    """Start what does not live, level by level, wait until all of it is ready, then restore the traffic.

    The edge starts last, so that after a reboot nobody gets an error from an instance that is not there yet.
    """
    world, live = environment.world, environment.state.live
    if live is None:
        return
    release = world.releases.load(live)
    stores.revive(release.stack.runtime, environment.place, world.say)
    for level in service_levels(release.stack):
        ids = tuple(id for service in level.services for id in instance_ids(live, service))
        begin(environment, release, ids)
        world.runtime.await_ready(ids, lambda text: world.say("ready", text))
    restore_traffic(world)
    have_keeper(environment.place)
