"""What services, jobs and stores have in common as Compose services."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from fairlead.project.stack import Build, Container, Resources, Service, ServiceSecret, Stack
from fairlead.render.compose.derived import derived
from fairlead.render.compose.values import SECRETS, Reference, filled, filled_data, literal, merged, size

LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
"""Docker's own default has no bound, and fills the disk."""


def finished(stack: Stack, made: dict[str, Any], compose: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty, `$` as it is meant, and the file's own words last."""
    present = {key: value for key, value in made.items() if value not in (None, {}, [], ())}
    defaults = {"restart": "unless-stopped", "logging": LOGGING}
    present |= {key: value for key, value in defaults.items() if key not in present}
    return merged(literal(present), filled_data(compose, stack))


def described(stack: Stack, one: Container) -> dict[str, Any]:
    """What a container says of itself: its image and how it is built, who it runs as, what it sees."""
    made = {
        "image": one.image,
        "build": _build(one.build) if one.build else None,
        "platform": one.platform,
        "pull_policy": None if one.build or one.pull_policy == "always" else one.pull_policy,
        "user": one.user,
        "working_dir": one.workdir,
        "ports": one.publish,
        "volumes": one.volumes,
        "networks": one.networks,
    }
    return {key: filled_data(value, stack) for key, value in made.items() if value}


def _build(one: Build) -> dict[str, Any]:
    made = {
        "context": one.context,
        "dockerfile": one.dockerfile,
        "target": one.target,
        "args": one.args,
        "secrets": one.secrets,
        "platforms": one.platforms,
        "tags": one.tags,
    }
    return {key: value for key, value in made.items() if value}


def line(text: str | None, stack: Stack, one: Service | None = None) -> list[str]:
    """A command line as a list."""
    return [filled(part, stack, one) for part in shlex.split(text or "")]


def environment(stack: Stack, secrets: Iterable[ServiceSecret]) -> dict[str, str]:
    """What tells a service of its secrets: a reference to the value, or the path of the file."""
    optional = {one.name for one in stack.secrets if not one.required}
    known = {name: one.plain for name, one in derived(stack).items() if one.plain is not None}
    return {one.variable: _told(one, optional, known) for one in secrets}


def _told(one: ServiceSecret, optional: set[str], known: dict[str, str]) -> str:
    if one.delivery == "file":
        return f"{SECRETS}/{one.name}"
    if one.name in known:
        return known[one.name]
    return Reference(f"${{{one.name}:-}}" if one.name in optional else f"${{{one.name}:?set it}}")


def files(secrets: Iterable[ServiceSecret]) -> list[str]:
    """The secrets that it reads from files."""
    return [one.name for one in secrets if one.delivery == "file"]


def deploy(resources: Resources, replicas: int = 1) -> dict[str, Any]:
    """`deploy`: how many, and what each may use."""
    limits = {}
    if resources.cpu is not None:
        limits["cpus"] = f"{resources.cpu:g}"
    if resources.memory is not None:
        limits["memory"] = size(resources.memory)
    made: dict[str, Any] = {"replicas": replicas} if replicas != 1 else {}
    return made | ({"resources": {"limits": limits}} if limits else {})
