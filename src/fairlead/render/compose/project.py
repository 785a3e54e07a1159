"""The Compose project of a stack, as data: services, stores and jobs that are containers, and what they share.

Everything in a stack is literal text once `${NAME}` of plain variables is filled in, so `$` is written `$$`, but in the
references that are made here: values of secrets are named, never carried. What the project file says under `compose`
is merged last and wins; null takes a key out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.project.stack import Stack
from fairlead.render.compose import edge, moves, order, paths, service, store
from fairlead.render.compose.making import secrets_script
from fairlead.render.compose.values import Reference, filled_data, merged
from fairlead.render.networks import NetworkSpec, network

SECRETS = "${FAIRLEAD_SECRETS:?name the folder that has a file for each secret}"
SCRIPT = "secrets.sh"
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def compose_project(stack: Stack, base: str = ".") -> dict[str, Any]:
    """The Compose file of `stack`; {} when nothing of it is a container.

    `base` is the way from the file's folder to the project's, which relative paths are put behind.
    """
    services = dict(_services(stack))
    if not services:
        return {}
    document: dict[str, Any] = {"name": f"{stack.project}-{stack.environment}", "services": services}
    document |= _shared(stack, services)
    document = merged(document, filled_data(stack.compose, stack))
    return service.with_files(stack, with_configuration(stack, paths.rebased(document, base)))


def with_configuration(stack: Stack, document: dict[str, Any]) -> dict[str, Any]:
    """What stores and the edge read lies beside the Compose file."""
    services = dict(document["services"])
    mounts = {name: store.conf_mount(name) for name in store.configured(stack)}
    mounts |= {one.name: moves.mount(one) for one in moves.moves(stack)}
    mounts |= {edge.name_of(stack): edge.mount()} if edge.is_there(stack) else {}
    for name, mount in mounts.items():
        if name in services:
            services[name] = services[name] | {"volumes": [mount, *services[name].get("volumes", ())]}
    return document | {"services": services}


def beside(
    stack: Stack, document: Mapping[str, Any], base: str = ".", texts: Mapping[str, str] | None = None
) -> dict[str, str]:  # fmt: skip
    """The files that a Compose file of this stack needs beside it, by their path. `base` is as in `compose_project`;
    `texts` are the templates with secrets, by where they go."""
    found = {
        f"{store.FOLDER}/{name}/{path}": text
        for name, files in store.configured(stack).items()
        for path, text in files.items()
    }
    if edge.is_there(stack):
        found |= edge.files(stack)
    script = secrets_script(stack, document, base, texts or {})
    return found | ({SCRIPT: script} if script else {})


def _services(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    for kept in stack.stores:
        if store.runs(kept):
            yield kept.name, store.store(stack, kept)
    for move in moves.moves(stack):
        yield move.name, moves.job(stack, move) | service.depends(stack, order.before_move(stack, move))
    for one in stack.services:
        if service.is_container(one):
            yield one.name, service.service(stack, one)
    for job in order.composed_jobs(stack):
        yield job.name, service.job(stack, job)
    if edge.is_there(stack):
        yield edge.name_of(stack), edge.edge(stack) | {"depends_on": service.conditions(stack, edge.waits_for(stack))}


def _shared(stack: Stack, services: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Networks, volumes and secrets that the services name; what `compose` says of them comes later."""
    told = stack.compose.get("networks") or {}
    elsewhere = {name for name, one in told.items() if isinstance(one, Mapping) and one.get("external")}
    named = dict.fromkeys(name for one in services.values() for name in one.get("networks", ()))
    networks: dict[str, Any] = {name: {} if name in elsewhere else network_section(network(name)) for name in named}
    volumes: dict[str, Any] = {name: {} for one in services.values() for name in _volumes(one)}
    used = {name for one in services.values() for name in _files(one)}
    said = set(stack.compose.get("secrets") or ())  # these are described there
    files = {name: {"file": Reference(f"{SECRETS}/{name}")} for name in sorted(used - said)}
    parts = {"networks": networks, "volumes": volumes, "secrets": files}
    return {key: part for key, part in parts.items() if part}


def network_section(one: NetworkSpec) -> dict[str, Any]:
    """A network as it would be made in an engine."""
    made: dict[str, Any] = {"internal": True} if one.internal else {}
    return made | ({"driver_opts": dict(one.options)} if one.options else {})


def _volumes(made: Mapping[str, Any]) -> Iterator[str]:
    """The names of those that are no folder of the machine."""
    for volume in made.get("volumes", ()):
        long = isinstance(volume, Mapping)
        source = volume.get("source", "") if long else volume.partition(":")[0] if ":" in volume else ""
        if _NAMED.fullmatch(source) and (not long or volume.get("type") == "volume"):
            yield source


def _files(made: Mapping[str, Any]) -> Iterator[str]:
    """The names of secrets that are files, of the container or of its build."""
    build = made.get("build")
    listed = (made.get("secrets"), build.get("secrets") if isinstance(build, Mapping) else None)
    for one in (one for some in listed for one in some or ()):
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping) and isinstance(one.get("source"), str):
            yield one["source"]
