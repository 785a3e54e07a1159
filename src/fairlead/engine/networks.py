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

TRIES = 3  #: of making a network again with the subnet that the engine chose: another one may take it in between


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
        if not _as_made(found, spec):
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
    for spec in specs:
        name = owner.name(spec.name)
        found = engine.network(name)
        if found is None or _made_otherwise(engine, owner, found, spec):
            _make(engine, owner, spec)


def _make(engine: Engine, owner: Owner, spec: NetworkSpec) -> None:
    """With a subnet that the engine chooses.

    The engine gives fixed addresses only where the subnet was declared: so it is made a second time, as it was chosen.
    """
    name = owner.name(spec.name)
    for _ in range(0 if spec.name in EDGELESS else TRIES):
        engine.create_network(name, owner.labels("network"), spec.internal, spec.options)
        chosen = halves(engine.network(name) or {})
        if chosen is None:
            return
        engine.remove_network(name)
        with suppress(EngineError):
            engine.create_network(name, owner.labels("network"), spec.internal, spec.options, chosen)
            return
    engine.create_network(name, owner.labels("network"), spec.internal, spec.options)


def _made_otherwise(engine: Engine, owner: Owner, found: dict[str, Any], spec: NetworkSpec) -> bool:
    """Whether another version made it, and nobody is in it: then it is gone now."""
    name = found["Name"]
    if not owner.owns(found.get("Labels")):
        raise EngineError(f"network {name} is there and is not Fairlead's", f"remove it: docker network rm {name}")
    if _as_made(found, spec):
        return False
    if found.get("Containers"):
        raise EngineError(f"network {name} is not as this version makes it", "stop the environment, then deploy")
    engine.remove_network(name)
    return True
