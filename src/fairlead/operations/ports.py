"""The truth about ports: what is declared, against what listens, IPv4 and IPv6 apart.

A process that listens on all addresses is reached past the edge by whoever reaches the machine, whatever the project
file says; and a firewall in front of it may know only one of the two protocols.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.operations.environment import Environment, existing
from fairlead.project.stack import Edge, RuntimeName, Stack
from fairlead.runtimes.base import Instance, Listening
from fairlead.stores.base import Taken
from fairlead.system import sockets
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Row:
    """One port. Addresses are those on which it is really taken."""

    who: str  #: edge, a store, or the id of an instance
    port: int
    declared: str  #: the address that the project file gives it; empty: it says nothing of this port
    v4: tuple[str, ...]
    v6: tuple[str, ...]
    problem: str = ""

    def data(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"ok": not self.problem}


def ports(place: Place) -> tuple[Row, ...]:
    """Every port of an environment, declared or not."""
    with existing(place) as environment:
        state = environment.state
        release = environment.world.releases.load_or_none(state.live) if state.live else None
        edges = _edge(release.stack) if release and not state.stopped else ()
        return (*edges, *_stores(environment), *_instances(environment))


def _stores(environment: Environment) -> Iterator[Row]:
    if not environment.place.stores.is_dir():
        return
    from fairlead.stores.table import stores_of  # noqa: PLC0415 — only where there are stores

    stores = stores_of(environment.runtime, environment.place)
    yield from store_rows(environment.runtime, [one.name for one in stores.observe() if one.living], stores.taken())


def store_rows(runtime: RuntimeName, living: Iterable[str], taken: Iterable[Taken]) -> Iterator[Row]:
    """A program of this machine has a port of its loopback; a container has none of the machine's."""
    found: dict[tuple[str, int], list[str]] = {}
    for one in taken:
        found.setdefault((one.name, one.port), []).append(one.address)
    here = runtime == "process"
    for (name, port), addresses in sorted(found.items()):
        v4, v6 = _sorted(addresses)
        yield Row(f"store {name}", port, "loopback" if here else "", v4, v6, _store_problem(here, (*v4, *v6)))
    silent = sorted(set(living) - {name for name, _ in found}) if here else ()
    yield from (Row(f"store {name}", 0, "loopback", (), (), "nobody listens") for name in silent)


def _store_problem(here: bool, addresses: Iterable[str]) -> str:
    if not here:
        return "published, which is not declared: whoever reaches the machine reaches it"
    beyond = [one for one in addresses if not ipaddress.ip_address(one).is_loopback]
    return f"reached from other machines at {', '.join(beyond)}" if beyond else ""


def _edge(stack: Stack) -> Iterator[Row]:
    if not any(service.routes for service in stack.services):
        return
    table = sockets.listeners()
    for port in _edge_ports(stack.edge):
        v4, v6 = _sorted(row.address for row in table if row.port == port)
        wanted = stack.edge.address or "all addresses"
        yield Row("edge", port, wanted, v4, v6, _edge_problem(stack.edge, v4, v6))


def _edge_ports(edge: Edge) -> tuple[int, ...]:
    found = tuple(port for port in (edge.http, edge.https) if port)
    return found or (8080,)


def _edge_problem(edge: Edge, v4: tuple[str, ...], v6: tuple[str, ...]) -> str:
    if not v4 and not v6:
        return "nobody listens"
    beyond = [address for address in (*v4, *v6) if edge.address and not _same(address, edge.address)]
    return f"taken on {', '.join(beyond)} too, which is not declared" if beyond else ""


def _same(address: str, declared: str) -> bool:
    return ipaddress.ip_address(address) == ipaddress.ip_address(declared)


def _instances(environment: Environment) -> Iterator[Row]:
    seen = {one.id: one for one in environment.world.runtime.observe() if one.living}
    found = environment.world.runtime.listening()
    for id, port in dict.fromkeys((one.id, one.port) for one in found):
        here = [one for one in found if (one.id, one.port) == (id, port)]
        yield _row(seen.get(id), id, port, here)
    silent = [one for one in seen.values() if one.port and (one.id, one.port) not in {(f.id, f.port) for f in found}]
    yield from (Row(one.id, one.port or 0, one.host, (), (), "nobody listens") for one in silent)


def _row(one: Instance | None, id: str, port: int, here: list[Listening]) -> Row:
    v4, v6 = _sorted(each.address for each in here)
    own = one is not None and one.port == port
    declared = (one.host if one else "") if own else ""
    return Row(id, port, declared, v4, v6, _problem(own, here))


def _problem(own: bool, here: list[Listening]) -> str:
    open_to_all = [
        one.address
        for one in here
        if not (one.published or one.inside) and not ipaddress.ip_address(one.address).is_loopback
    ]
    if open_to_all:
        return f"reached past the edge at {', '.join(sorted(open_to_all))}: have it listen on 127.0.0.1"
    return "" if own or any(one.published for one in here) else "not declared"


def _sorted(addresses: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """IPv4 and IPv6. A socket on `::` takes IPv4 too, unless the machine says otherwise."""
    found = sorted(set(addresses))
    v6 = tuple(address for address in found if ":" in address)
    v4 = tuple(address for address in found if ":" not in address)
    return (v4 or ("0.0.0.0",) if "::" in v6 else v4), v6  # noqa: S104 — it is told, not listened on
