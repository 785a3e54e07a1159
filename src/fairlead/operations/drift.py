"""Does what runs differ from what was deployed? What is found, what would mend it, and the mending.

The live release says what there should be; runtime and edge are asked what there is. Nothing is believed to be right
because it was right when it was started: people log in to servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fairlead.artifacts import Release
from fairlead.artifacts.release import IMAGE
from fairlead.errors import FairleadError, Refused
from fairlead.operations.environment import Environment, existing
from fairlead.operations.revive import all_ids
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.observed import instance_id
from fairlead.rollout.parts import now
from fairlead.rollout.recovery import restore_traffic
from fairlead.rollout.routing import edge_table
from fairlead.rollout.specs import service_specs
from fairlead.runtimes.base import Deviation, Instance
from fairlead.system.home import Place

MENDED = "drift.mended"
EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that mends. `start` what is missing, `replace` what differs, `end` what nobody declared, `route`."""

    kind: Literal["start", "replace", "end", "route"]
    id: str

    def __str__(self) -> str:
        told = {"start": "start {}", "replace": "replace {}", "end": "end {}", "route": "tell the edge who gets what"}
        return told[self.kind].format(self.id)


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found in an environment."""

    environment: str
    release: str | None
    deviations: tuple[Deviation, ...] = ()
    acts: tuple[Act, ...] = ()

    def data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "environment": self.environment, "release": self.release, "drifted": bool(self.deviations),
            "deviations": [asdict(one) for one in self.deviations], "plan": [asdict(one) for one in self.acts],
        }  # fmt: skip


def drift(place: Place) -> Drift:
    """Look, change nothing. Refused while a rollout is under way: then everything differs."""
    with existing(place) as environment:
        return _found(environment)


def mend(place: Place, emit: Emit = silent) -> Drift:
    """Look, and do what the plan says, one instance at a time behind the edge. What was found, and done."""
    with existing(place, emit) as environment, environment.held("drift --fix"):
        found = _found(environment)
        for act in found.acts:
            environment.world.say("mend", str(act), act=asdict(act))
            _do(environment, act)
        if found.acts:
            environment.ledger.append(MENDED, {"acts": [asdict(one) for one in found.acts]})
        return found


def _found(environment: Environment) -> Drift:
    state, name = environment.state, environment.place.environment
    if open_rollout(environment.ledger):
        raise Refused(f"{name}: a rollout is under way", f"wait for it: fairlead status {name}")
    release = environment.world.releases.load(state.live) if state.live else None
    if release is None or state.stopped:
        return Drift(name, state.live)
    found = (*_of_instances(environment, release), *_of_edge(environment), *_of_artifacts(environment, release))
    return Drift(name, release.id, found, plan(found))


def _of_instances(environment: Environment, release: Release) -> Iterator[Deviation]:
    """Those of the live release against its specs; those of warm releases may be there, in whatever state."""
    world, warm = environment.world, environment.state.warm_now()
    specs = service_specs(release, all_ids(release), world.machine(release))
    kept = {one.id for one in world.runtime.observe() if one.release in warm}
    yield from (one for one in world.runtime.deviations(specs) if one.where not in kept)


def _of_edge(environment: Environment) -> Iterator[Deviation]:
    """The weights that its own API shows, against those the ledger asks for; and the rules that it was given."""
    world = environment.world
    shares = now(world.observe())
    table = edge_table(shares, {release: world.releases.load(release).stack for release in shares.releases()},
                       world.runtime.observe())  # fmt: skip
    wanted = sorted(sorted(dict(route.weights).items()) for route in table.routes)
    found = sorted(sorted(weights.items()) for weights in world.edge.table_in_force().values())
    if wanted != found:
        yield Deviation(EDGE, "traffic", _shares(wanted), _shares(found) or "nobody")
    if unlike := world.edge.unlike(table):
        yield Deviation(EDGE, "rules", found=", ".join(unlike))


def _of_artifacts(environment: Environment, release: Release) -> Iterator[Deviation]:
    """Files that were changed since they were built. An image is named by its content, and cannot be."""
    for digest in sorted(set(release.artifacts.values())):
        if not digest.startswith(IMAGE) and environment.artifacts.exists(digest):
            try:
                environment.artifacts.verify(digest)
            except FairleadError as error:
                yield Deviation(f"artifact {digest[:12]}", "files", found=error.message)


def _shares(rows: list[list[tuple[str, int]]]) -> str:
    return "; ".join(", ".join(f"{pool} {weight} %" for pool, weight in row) for row in rows)


def plan(found: tuple[Deviation, ...]) -> tuple[Act, ...]:
    """What mends it: nothing twice, what is missing first, so that somebody serves while others are replaced."""
    acts = []
    for one in found:
        if one.where == EDGE:
            acts.append(Act("route", EDGE))
        elif one.where.count(".") == 2:
            kinds: dict[str, Literal["start", "end"]] = {"missing": "start", "extra": "end"}
            acts.append(Act(kinds.get(one.what, "replace"), one.where))
    order = ("start", "replace", "end", "route")
    return tuple(sorted(dict.fromkeys(acts), key=lambda act: order.index(act.kind)))


def _do(environment: Environment, act: Act) -> None:
    world = environment.world
    if act.kind == "route":
        restore_traffic(world)
        return
    if act.kind == "start":
        _start(environment, act.id)
    elif act.kind == "replace":
        _replace(environment, act.id)
    else:
        _end(environment, act.id)
    restore_traffic(world)


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
