"""Mend what differs, one thing after the other, each behind the edge where users would notice."""

from __future__ import annotations

from dataclasses import asdict

from fairlead.errors import FairleadError
from fairlead.operations.drift.acts import DOOR, KEEPER, STORE, SUPERVISORD, TRAEFIK, Act
from fairlead.operations.drift.look import Drift, found
from fairlead.operations.environment import Environment, existing
from fairlead.operations.keeper import have_keeper
from fairlead.operations.stores import ensure as stores
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.observed import instance_id
from fairlead.rollout.recovery import restore_traffic
from fairlead.rollout.specs import service_specs
from fairlead.runtimes.base import Instance
from fairlead.system.home import Place

MENDED = "drift.mended"


def mend(place: Place, emit: Emit = silent) -> Drift:
    """Look, and do what the plan says. What was found, and done."""
    with existing(place, emit) as environment, environment.held("drift --fix"):
        seen = found(environment)
        for act in seen.acts:
            environment.world.say("mend", str(act), act=asdict(act))
            _do(environment, act)
        if seen.acts:
            environment.ledger.append(MENDED, {"acts": [asdict(one) for one in seen.acts]})
        return seen


def _do(environment: Environment, act: Act) -> None:
    world, place = environment.world, environment.place
    if act.id == SUPERVISORD:
        world.runtime.up()
    elif act.id == KEEPER:
        have_keeper(place)
    elif act.id.startswith(STORE):
        stores.revive(environment.runtime, place, world.say)
    else:
        if act.id in (DOOR, TRAEFIK):
            world.edge.mend()
        elif act.kind != "route":
            _of_instance(environment, act)
        restore_traffic(world)


def _of_instance(environment: Environment, act: Act) -> None:
    does = {"start": _start, "replace": _replace, "end": _end}
    does[act.kind](environment, act.id)


def _start(environment: Environment, id: str) -> None:
    world = environment.world
    release = world.releases.load(id.partition(".")[0])
    world.runtime.start(service_specs(release, [id], world.machine(release)))
    world.runtime.await_ready([id], lambda text: world.say("ready", text))


def _end(environment: Environment, id: str) -> None:
    """Nothing new to it, its last requests, its end."""
    restore_traffic(environment.world, without=(id,))
    environment.world.drain([id])
    environment.world.runtime.stop([id])
    environment.world.runtime.remove([id])


def _replace(environment: Environment, id: str) -> None:
    """By one as declared. Where nobody else answers for its service, another one does for that time."""
    one = next(each for each in environment.world.runtime.observe() if each.id == id)
    stand_in = None if _spared(environment, one) else _stand_in(environment, one)
    if stand_in:
        _start(environment, stand_in)
        restore_traffic(environment.world)
    try:
        _end(environment, id)
        _start(environment, id)
    except FairleadError:
        if stand_in:  # somebody has to serve: it stays, and the next look finds it
            restore_traffic(environment.world)
        raise
    if stand_in:
        restore_traffic(environment.world)
        _end(environment, stand_in)


def _spared(environment: Environment, one: Instance) -> bool:
    others = environment.world.instances_of(one.release, one.service)
    return not one.port or any(each.id != one.id and each.living and each.verified for each in others)


def _stand_in(environment: Environment, one: Instance) -> str:
    """An id that none of its service has."""
    taken = [each.index for each in environment.world.instances_of(one.release, one.service)]
    return instance_id(one.release, one.service, max([0, *taken]) + 1)
