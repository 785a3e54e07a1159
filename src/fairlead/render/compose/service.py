"""One service or job of a stack as a Compose service: the container that the runtime would make, told of secrets by
Compose, and asked by the engine as Fairlead would ask."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead.project.stack import Container, Health, Job, Service, ServiceSecret, Stack, Stop
from fairlead.render.compose import edge, moves, order, parts
from fairlead.render.compose.files_image import files_image
from fairlead.render.compose.spec import compose_service
from fairlead.render.compose.values import literal, values_in
from fairlead.render.container import FILES, NEVER, ContainerSpec, Healthcheck
from fairlead.render.instances import HTTP, Placed, container_of, filled, healthcheck, values_of
from fairlead.render.networks import declared_networks
from fairlead.render.ways import no_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A service or a job as `render.instances` takes it; the name of its release is what Compose is told."""

    service: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    values: Mapping[str, str]
    container: Container
    image: str = ""  #: Compose is told where it comes from
    health: Health = field(default_factory=Health)
    stop: Stop = field(default_factory=Stop)
    port: int | None = None
    job: bool = False
    cwd: str = "."


def is_container(service: Service) -> bool:
    """Whether there is an image to run it from."""
    return service.container.image is not None or service.container.build is not None


def service(stack: Stack, one: Service) -> dict[str, Any]:
    """A service, with what its own `compose` says merged in."""
    return _made(stack, one, _of_service(stack, one), {"scale": one.replicas if one.replicas != 1 else None})


def job(stack: Stack, one: Job) -> dict[str, Any]:
    """A job: it runs to its end at each `up`, and what comes after it waits for that."""
    return _made(stack, one, _of_job(stack, one), {})


def _made(stack: Stack, one: Service | Job, what: Composed, more: dict[str, Any]) -> dict[str, Any]:
    try:
        spec, values = _spec(stack, one, what), values_of(what)
        build = what.container.build
        image = files_image(stack, one) if build and build.static else parts.described(what.container, values)
        made = image | compose_service(spec) | more
        made["volumes"] = list(filled(what.container.volumes, values))
        made["secrets"] = parts.handed_files(stack, one)
        made["depends_on"] = depends_on(stack, one)
        return parts.finished(made, {} if what.job else what.container.compose, values)
    except KeyError as error:
        raise no_value(error.args[0], stack) from None


def spec_of(stack: Stack, one: Service | Job) -> ContainerSpec:
    """Its container, with values filled in. KeyError for a placeholder without one."""
    return _spec(stack, one, _of_job(stack, one) if isinstance(one, Job) else _of_service(stack, one))


def _spec(stack: Stack, one: Service | Job, what: Composed) -> ContainerSpec:
    """What is said under `compose` comes later, as it is."""
    plain = replace(what, container=replace(what.container, compose={}))
    spec = container_of(plain, Placed(name=one.name, env=parts.values(stack, _secrets(one))))
    return replace(spec, healthcheck=_asked(what))


def _of_service(stack: Stack, one: Service) -> Composed:
    return Composed(
        service=one.name, argv=tuple(shlex.split(one.command)), env=_env(stack, one), values=values_in(stack, one.name),
        container=_joined(one, stack), health=one.health, stop=one.stop, port=one.port,
    )  # fmt: skip


def _of_job(stack: Stack, one: Job) -> Composed:
    container = replace(_joined(stack.service(one.like or ""), stack), publish=())
    return Composed(
        service=one.name, argv=tuple(shlex.split(one.command)), env=_env(stack, one), values=values_in(stack, one.name),
        container=container, job=True,
    )  # fmt: skip


def _joined(service: Service, stack: Stack) -> Container:
    """With the networks that it is in; what these are is said beside them, as Compose has words for that."""
    return replace(service.container, networks=declared_networks(service, stack))


def _secrets(one: Service | Job) -> tuple[ServiceSecret, ...]:
    return (*one.secrets, *one.access)


def _env(stack: Stack, one: Service | Job) -> dict[str, str]:
    """What the project file says has the last word."""
    return parts.paths(stack, _secrets(one)) | one.env


def _asked(one: Composed) -> Healthcheck | None:
    """Nobody but the engine asks here, so it does as Fairlead would: by the command that the file names, else by a
    request to the path; unless the file says what the engine is to ask."""
    asked = one.health.engine or one.health.command or HTTP
    return healthcheck(replace(one.health, engine=asked), values_of(one), one.port, 0.001)


def depends_on(stack: Stack, one: Service | Job) -> dict[str, Any]:
    """What has to be ready, and which jobs have to be done, before it starts; in the words of Compose."""
    found = conditions(stack, order.before(stack, one))
    comes_last = isinstance(one, Job) and one.when == "after-traffic" and edge.is_there(stack)
    return found | ({edge.name_of(stack): {"condition": "service_healthy"}} if comes_last else {})


def depends(stack: Stack, names: Iterable[str]) -> dict[str, Any]:
    """The same as a part of a Compose service; nothing where there is nothing to wait for."""
    found = conditions(stack, names)
    return {"depends_on": found} if found else {}


def conditions(stack: Stack, names: Iterable[str]) -> dict[str, Any]:
    """How each of them is waited for."""
    known = {one.name for one in stack.jobs} - {one.name for one in order.composed_jobs(stack)}
    found = {name: _condition(stack, name) for name in names if name not in known}
    return {name: {"condition": condition} for name, condition in found.items() if condition}


def _condition(stack: Stack, name: str) -> str:
    """Empty for what is no container."""
    if name in {each.name for each in stack.jobs} | {each.name for each in moves.moves(stack)}:
        return "service_completed_successfully"
    if any(each.name == name for each in stack.stores):
        return order.store_condition(stack, name)
    other = stack.service(name)
    if not is_container(other):
        return ""
    found = _asked(_of_service(stack, other))
    asked = (found and found.test != NEVER) or "healthcheck" in other.container.compose
    return "service_healthy" if asked else "service_started"


def with_files(stack: Stack, document: dict[str, Any]) -> dict[str, Any]:
    """The plain files that were made of templates, mounted where `${FILES}` says, for those who say it."""
    mounts = [
        {"type": "bind", "source": f"./{one.target}", "target": f"{FILES}/{one.target}", "read_only": True}
        for one in stack.templates
        if not one.secret
    ]
    services = {
        name: _mounted(one, literal(mounts)) if mounts and FILES in json.dumps(one) else one
        for name, one in document["services"].items()
    }
    return document | {"services": services}


def _mounted(service: dict[str, Any], mounts: list[Any]) -> dict[str, Any]:
    return service | {"volumes": [*service.get("volumes", ()), *mounts]}
