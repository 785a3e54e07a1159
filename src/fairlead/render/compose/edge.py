"""The edge in a Compose project: one Traefik, with the files that Fairlead would write for one live release.

Its API is not reached from outside of it, and what it says goes to Docker's own log, which is bounded. Certificates are
files among the secrets: those that are given, or one of the authority that `secrets.sh` makes. Names of services are
none of its business: Compose answers them, in each network for those that are in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairlead.project.stack import Job, Service, Stack, Store
from fairlead.render import entrypoints, traefik
from fairlead.render.compose.spec import compose_service
from fairlead.render.container import SECRETS, Mount
from fairlead.render.edge import EdgeTable, Pool
from fairlead.render.edge_containers import CONFIGURATION, DOOR, IMAGE, NOBODY, STATIC, TRAEFIK, EdgeBox, ports_of
from fairlead.render.entrypoints import MAIN
from fairlead.render.live import RELEASE, live_table
from fairlead.render.networks import BACKEND, FRONTEND, declared_networks, reach_networks
from fairlead.render.tls import tls_file

FOLDER = "edge"  #: beside the Compose file
CERTIFICATE = "FAIRLEAD_CERTIFICATE"  #: the secret that it is served with; its key has `_KEY` behind
AUTHORITY = "FAIRLEAD_CA"  #: what clients are to trust, where nobody gave a certificate


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key: names of secrets, and the files that these are copies of."""

    cert: str
    key: str
    cert_file: str = ""
    key_file: str = ""  #: empty: the key is a secret of the project, or both are made


def name_of(stack: Stack) -> str:
    """What its Compose service is called."""
    named: tuple[Service | Store | Job, ...] = (*stack.services, *stack.stores, *stack.jobs)
    taken = {one.name for one in named}
    return DOOR if DOOR not in taken else f"fairlead-{DOOR}"


def is_there(stack: Stack) -> bool:
    """Whether users come to it, and by which port."""
    listens = stack.edge.http or stack.edge.https
    return stack.runtime != "process" and bool(listens) and any(one.routes for one in _reached(stack))


def edge(stack: Stack) -> dict[str, Any]:
    """Its Compose service, but for what lies beside the file, and for what it waits for."""
    names = {short: short for short in (DOOR, *TRAEFIK.values())}
    box = EdgeBox(names, {}, IMAGE, f"{NOBODY}:{NOBODY}", Path(FOLDER), Path(FOLDER))
    spec = box.whole(stack.edge, (FRONTEND, BACKEND, *reach_networks(stack)))
    made = compose_service(replace(spec, mounts=()))
    made["networks"] = {one.network: _joined(one.network) for one in spec.networks}
    secrets = [name for pair in pairs(stack) for name in (pair.cert, pair.key)]
    return made | ({"secrets": secrets} if secrets else {})


def _joined(network: str) -> dict[str, Any]:
    """What is published comes in by the first network."""
    return {"priority": 1000} if network == FRONTEND else {}


def _reached(stack: Stack) -> Iterator[Service]:
    """Services that take requests, in a network where the edge is."""
    here = {FRONTEND, BACKEND, *reach_networks(stack)}
    for one in stack.services:
        if one.port and (one.container.image or one.container.build) and here & set(declared_networks(one, stack)):
            yield one


def mount() -> dict[str, Any]:
    """Where it finds what lies beside the Compose file."""
    one = Mount("bind", f"./{FOLDER}", CONFIGURATION, read_only=True)
    return {"type": one.kind, "source": one.source, "target": one.target, "read_only": one.read_only}


def waits_for(stack: Stack) -> tuple[str, ...]:
    """The services that have to be ready before a user comes, and the jobs before traffic."""
    jobs = [one.name for one in stack.jobs if one.when == "before-traffic"]
    return (*(one.name for one in _reached(stack)), *jobs)


def files(stack: Stack) -> dict[str, str]:
    """What it reads, by its path beside the Compose file. None of it is secret."""
    table = _table(stack)
    ports = replace(ports_of(MAIN, stack.edge, ()), role="", api_address="127.0.0.1")
    found = {
        STATIC[MAIN]: entrypoints.static_file(ports, Path(CONFIGURATION), said=True),
        "dynamic/own.yml": entrypoints.ping_file(),
        "dynamic/routes.yml": traefik.dynamic_file(table, "")[0],
    }
    if stack.edge.https:
        served = [(f"{SECRETS}/{one.cert}", f"{SECRETS}/{one.key}") for one in pairs(stack)]
        found["dynamic/tls.yml"] = tls_file(served)[0]
    return {f"{FOLDER}/{path}": text for path, text in found.items()}


def _table(stack: Stack) -> EdgeTable:
    pools = {
        one.name: Pool(one.name, RELEASE, (one.port,), (one.name,), one.routes)
        for one in _reached(stack) if one.port
    }  # fmt: skip
    return live_table(stack, pools, stack.edge)


def pairs(stack: Stack) -> tuple[Pair, ...]:
    """What https is served with, the default first."""
    if not stack.edge.https:
        return ()
    given = stack.edge.certificates
    if not given:
        return (Pair(CERTIFICATE, f"{CERTIFICATE}_KEY"),)
    names = [CERTIFICATE if number == 1 else f"{CERTIFICATE}_{number}" for number in range(1, len(given) + 1)]
    return tuple(
        Pair(name, one.secret or f"{name}_KEY", one.cert, one.key or "")
        for name, one in zip(names, given, strict=True)
    )  # fmt: skip


def names(stack: Stack) -> tuple[str, ...]:
    """What its own certificate is for beside this machine, as OpenSSL writes that: hosts of routes, and its address."""
    hosts = {route.host for one in stack.services for route in one.routes if route.host}
    address = stack.edge.address
    own = () if address in ("", "0.0.0.0", "::", "localhost") else (f"IP:{address}",)  # noqa: S104 — compared
    return (*(f"DNS:{host}" for host in sorted(hosts)), *own)
