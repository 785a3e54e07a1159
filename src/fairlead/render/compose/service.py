"""One service or job of a stack as a Compose service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from fairlead.project.access import managed
from fairlead.project.stack import Container, Job, Service, ServiceSecret, Stack
from fairlead.render.compose import parts, store
from fairlead.render.compose.values import FILES, filled, literal, seconds
from fairlead.render.networks import service_networks

RETRIES = 3

_ASKING = (  #: one of these is in nearly every image
    "wget -q -O /dev/null {url}",
    "curl -fsS -o /dev/null {url}",
    "python3 -c \"import urllib.request as u; u.urlopen('{url}', timeout={timeout})\"",
    "node -e \"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"",
)


def is_container(service: Service) -> bool:
    """Whether there is an image to run it from."""
    return service.container.image is not None or service.container.build is not None


def service(stack: Stack, one: Service) -> dict[str, Any]:
    """A service, with what its own `compose` says merged in."""
    made: dict[str, Any] = {
        **parts.described(stack, joined(stack, one)),
        "entrypoint": parts.line(one.container.entrypoint, stack, one),
        "command": parts.line(one.command, stack, one),
        **_told(stack, one.env, (*one.secrets, *one.access), one),
        "depends_on": _depends_on(stack, one),
        "healthcheck": healthcheck(stack, one),
        "stop_signal": None if one.stop.signal == "SIGTERM" else one.stop.signal,
        "stop_grace_period": seconds(one.stop.grace),
        "deploy": parts.deploy(one.container.resources, one.replicas),
    }
    return parts.finished(stack, made, one.container.compose)


def joined(stack: Stack, one: Service) -> Container:
    """Its container, with the networks that it is in where stores are set up by Fairlead."""
    if not any(managed(each) for each in stack.stores):
        return one.container
    return replace(one.container, networks=service_networks(one, stack))


def job(stack: Stack, one: Job, donor: Service) -> dict[str, Any]:
    """A job: runs when it is asked for (`docker compose run --rm NAME`)."""
    made = {
        **parts.described(stack, replace(joined(stack, donor), publish=())),
        "entrypoint": parts.line(donor.container.entrypoint, stack, donor),
        "command": parts.line(one.command, stack),
        **_told(stack, one.env, (*one.secrets, *one.access), None),
        "profiles": ["jobs"],
        "restart": "no",
    }
    return parts.finished(stack, made, {})


def _told(stack: Stack, env: dict[str, str], secrets: tuple[ServiceSecret, ...], one: Service | None) -> dict[str, Any]:
    values = {key: filled(value, stack, one) for key, value in env.items()}
    return {"environment": values | parts.environment(stack, secrets), "secrets": parts.files(secrets)}


def _depends_on(stack: Stack, one: Service) -> dict[str, Any]:
    """Services that must be ready and stores that are used, in the words of Compose."""
    found = {}
    for name in one.needs:
        other = stack.service(name)
        if is_container(other):
            found[name] = _condition(healthcheck(stack, other) or "healthcheck" in other.container.compose)
    for name in dict.fromkeys(use.partition(".")[0] for use in one.uses):
        used = next((each for each in stack.stores if each.name == name and store.runs(each)), None)
        if used is not None:
            found[name] = _condition("healthcheck" in store.store(stack, used))
    return found


def _condition(healthy: object) -> dict[str, str]:
    return {"condition": "service_healthy" if healthy else "service_started"}


def healthcheck(stack: Stack, one: Service) -> dict[str, Any]:
    """By the command that the file names, else by a request to the path; {} where it names neither."""
    health = one.health
    test = ["CMD", *parts.line(health.command, stack, one)] if health.command else _asking(one)
    if not test:
        return {}
    return {
        "test": test,
        "interval": seconds(max(health.interval, 0.001)),
        "timeout": seconds(health.timeout),
        "retries": RETRIES,
        "start_period": seconds(health.deadline),
    }


def _asking(one: Service) -> list[str]:
    if one.health.ready is None or one.port is None:
        return []
    url = f"http://127.0.0.1:{one.port}{one.health.ready}"
    tries = (way.format(url=url, timeout=one.health.timeout) for way in _ASKING)
    return ["CMD-SHELL", " || ".join(tries)]


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
