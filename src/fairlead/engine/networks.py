"""The networks of an environment in the engine: made when they are missing, forgotten with the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import Owner
from fairlead.project.stack import Stack
from fairlead.render.addresses import halves
from fairlead.render.networks import EDGELESS, NetworkSpec, network, networks, networks_of

TRIES = 3  #: of making a network with the subnet that the engine chose: another one may take it in between
TRIAL = ".trial"  #: ends the name of one that is there for a moment; no name of a project file has a dot


def ensure_networks(engine: Engine, owner: Owner, stack: Stack) -> None:
    """Have all networks of this environment. EngineError when somebody else's has the name of one."""
    _ensure(engine, owner, networks_of(stack))


def ensure_named(engine: Engine, owner: Owner, names: Iterable[str]) -> None:
    """The same for these networks, by the names that the project file has for them."""
    _ensure(engine, owner, networks(names))


def remove_networks(engine: Engine, owner: Owner) -> None:
    """Forget all networks of this environment; what is ours in one is taken out first.

    One that somebody else has joined stays, with that one in it: `up` finds it again.
    """
    for one in engine.networks(owner.labels("network")):
        inspected = engine.network(one["Id"]) or {}
        others = False
        for container in inspected.get("Containers") or {}:
            facts = engine.container(container)
            if facts and not owner.owns(facts.labels):
                others = True
                continue
            engine.leave(container, one["Id"])
        if not others:
            engine.remove_network(one["Id"])


def strangers(engine: Engine, owner: Owner) -> Iterator[tuple[str, str]]:
    """Who is in a network of this environment and not of it: the network, and the container."""
    for one in engine.networks(owner.labels("network")):
        for container, labels in sorted(engine.members(one["Id"]).items()):
            if not owner.owns(labels):
                yield one["Name"], container


def changed(engine: Engine, owner: Owner) -> Iterator[tuple[str, str, str]]:
    """Networks that are not as they were made, with what each was meant to be, and what it is."""
    for found in engine.networks(owner.labels("network")):
        spec = network(found["Name"].removeprefix(owner.name("")))
        if not found["Name"].endswith(TRIAL) and not _as_made(found, spec):
            yield (
                found["Name"],
                _told(spec.internal, spec.options),
                _told(bool(found.get("Internal")), found["Options"]),
            )


def _as_made(found: Mapping[str, Any], spec: NetworkSpec) -> bool:
    return bool(found.get("Internal")) == spec.internal and spec.options.items() <= (found.get("Options") or {}).items()


def _told(internal: bool, options: Mapping[str, str] | None) -> str:
    said = (f"{name.rpartition('.')[2]}={value}" for name, value in sorted((options or {}).items()))
    return ", ".join(("internal" if internal else "not internal", *said))


def _ensure(engine: Engine, owner: Owner, specs: Iterable[NetworkSpec]) -> None:
    """Whoever makes one is alone: the keeper may be at the edge's. An engine that is asked twice at one time makes two
    of one name, and then finds neither by it."""
    some = tuple(specs)
    if all(_is_there(engine, owner, spec) for spec in some):
        return
    with owner.alone():
        for spec in some:
            if not _is_there(engine, owner, spec) and not _cleared(engine, owner, spec):
                _make(engine, owner, spec)


def _is_there(engine: Engine, owner: Owner, spec: NetworkSpec) -> bool:
    """Whether it is, and as it is made. EngineError when somebody else's has its name."""
    name = owner.name(spec.name)
    try:
        found = engine.network(name)
    except EngineError as error:
        if "ambiguous" not in error.message:
            raise
        return False
    if found is not None and not owner.owns(found.get("Labels")):
        raise EngineError(f"network {name} is there and is not Fairlead's", f"remove it: docker network rm {name}")
    return found is not None and _as_made(found, spec)


def _cleared(engine: Engine, owner: Owner, spec: NetworkSpec) -> bool:
    """Remove those of that name in which nobody is: one too many, or made by another version. Whether one is left.

    EngineError when that is not as this version makes it.
    """
    name = owner.name(spec.name)
    ours = [one["Id"] for one in engine.networks(owner.labels("network")) if one["Name"] == name]
    used = [found for id in ours if (found := engine.network(id)) and found.get("Containers")]
    if len(used) > 1 or not all(_as_made(one, spec) for one in used):
        raise EngineError(f"network {name} is not as this version makes it", "stop the environment, then deploy")
    for id in ours:
        if id not in [one["Id"] for one in used]:
            engine.remove_network(id)
    return bool(used)


def _make(engine: Engine, owner: Owner, spec: NetworkSpec) -> None:
    """With a subnet that the engine chooses.

    The engine gives fixed addresses only where the subnet was declared: so it chooses one for a trial, under another
    name, since nobody is to join that.
    """
    name, labels = owner.name(spec.name), owner.labels("network")
    trial = f"{name}{TRIAL}"
    for _ in range(0 if spec.name in EDGELESS else TRIES):
        engine.remove_network(trial)  # of somebody who was killed
        engine.create_network(trial, labels, spec.internal, spec.options)
        chosen = halves(engine.network(trial) or {})
        engine.remove_network(trial)
        if chosen is None:
            break
        with suppress(EngineError):
            engine.create_network(name, labels, spec.internal, spec.options, chosen)
            return
    engine.create_network(name, labels, spec.internal, spec.options)
