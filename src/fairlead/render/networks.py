"""Which networks an environment has in an engine, and who is in which. Pure.

An internal network reaches nothing outside of itself. Of one without an address of its own on the machine
(`inhibit_ipv4`) not even the machine reaches what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairlead.project.stack import Service, Stack, Store

FRONTEND, BACKEND, DATABASE, OUTGOING = "frontend", "backend", "database", "outgoing"
DEFAULT = "default"  #: what Compose puts in one network when nothing is said of any

EDGELESS = frozenset({DATABASE, OUTGOING})  #: the edge is never in these
_BRIDGE = "com.docker.network.bridge."
SEALED = {_BRIDGE + "inhibit_ipv4": "true"}
APART = {_BRIDGE + "enable_icc": "false"}  #: who is in it does not reach the others
HOMES = {"postgres": DATABASE, "redis": DATABASE}  #: kinds of stores that are not in `backend` of themselves


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What a network is made of."""

    name: str  #: as the project file says it
    internal: bool = True
    options: Mapping[str, str] = field(default_factory=dict)


_KINDS = {
    FRONTEND: NetworkSpec(FRONTEND, internal=False),
    DATABASE: NetworkSpec(DATABASE, options=SEALED),
    OUTGOING: NetworkSpec(OUTGOING, internal=False, options=APART),
    DEFAULT: NetworkSpec(DEFAULT, internal=False),
}


def network(name: str) -> NetworkSpec:
    """The network of that name: one of those that have a meaning, any other is internal."""
    return _KINDS.get(name, NetworkSpec(name))


def networks(names: Iterable[str]) -> tuple[NetworkSpec, ...]:
    """Each once, sorted by name."""
    return tuple(network(name) for name in sorted(set(names)))


def networks_of(stack: Stack) -> tuple[NetworkSpec, ...]:
    """All that an environment has."""
    used = {FRONTEND, BACKEND}
    for service in stack.services:
        used.update(service_networks(service, stack))
    for store in stack.stores:
        used.update(store_networks(store))
    return networks(used)


def service_networks(service: Service, stack: Stack) -> tuple[str, ...]:
    """Those that it declares; and `outgoing`, where one of them reaches the outside in the project's Compose file."""
    declared = declared_networks(service, stack)
    leads_out = not {OUTGOING, DEFAULT} & set(declared) and bool(opened(stack).intersection(declared))
    return (*declared, OUTGOING) if leads_out else declared


def opened(stack: Stack) -> frozenset[str]:
    """Networks that are not internal by what the file says to Compose. In an engine `outgoing` stands for that."""
    said = stack.compose.get("networks") or {}
    return frozenset(name for name, one in said.items() if isinstance(one, Mapping) and one.get("internal") is False)


def declared_networks(service: Service, stack: Stack) -> tuple[str, ...]:
    """Those that the file names; else `backend`, and `database` when it uses a store that is there."""
    if service.container.networks:
        return service.container.networks
    used = {use.partition(".")[0] for use in service.uses}
    sealed = any(DATABASE in store_networks(store) for store in stack.stores if store.name in used)
    return (BACKEND, DATABASE) if sealed else (BACKEND,)


def reach_networks(stack: Stack) -> tuple[str, ...]:
    """Those beside `frontend` and `backend` in which the edge reaches a service with a port, where it has to."""
    asked = [_open(service_networks(one, stack)) for one in stack.services if one.port]
    return tuple(sorted({here[0] for here in asked if here and not {FRONTEND, BACKEND} & set(here)}))


def edge_networks(stack: Stack) -> tuple[str, ...]:
    """The same, and those in which two services ask each other by name through it, where they have no other."""
    found = {FRONTEND, BACKEND, *reach_networks(stack)}
    asked = [_open(service_networks(one, stack)) for one in stack.services if one.port]
    for asking in (_open(service_networks(one, stack)) for one in stack.services):
        for shared in ([name for name in asking if name in here] for here in asked):
            if shared and not found & set(shared):
                found.add(shared[0])
    return tuple(sorted(found - {FRONTEND, BACKEND}))


def met_networks(service: Service, stack: Stack) -> tuple[str, ...]:
    """Those of a service in which the edge is too: who shares one of them may ask for it by its name."""
    return _met(service, stack, edge_networks(stack))


def names_in(networks: Iterable[str], stack: Stack) -> dict[str, tuple[str, ...]]:
    """The services that who is in these networks reaches by name, through the edge; and where both are with it."""
    here, found, edge = tuple(networks) or (BACKEND,), {}, edge_networks(stack)
    for service in stack.services:
        there = _met(service, stack, edge) if service.port else ()
        if shared := tuple(name for name in here if name in there):
            found[service.name] = shared
    return found


def _met(service: Service, stack: Stack, edge: Iterable[str]) -> tuple[str, ...]:
    there = {FRONTEND, BACKEND, *edge}
    return tuple(name for name in service_networks(service, stack) if name in there)


def _open(networks: Iterable[str]) -> list[str]:
    """Those that the edge may be in."""
    return [name for name in networks if name not in EDGELESS]


def store_networks(store: Store) -> tuple[str, ...]:
    """Those that the file names, or the home of its kind; none for one that somebody else runs."""
    if store.url is not None:
        return ()
    return store.container.networks or (HOMES.get(store.kind, BACKEND),)
