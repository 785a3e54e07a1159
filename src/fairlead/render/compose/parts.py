"""What services, jobs and stores have in common as Compose services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fairlead.project.documents import documents_of, templates_for
from fairlead.project.stack import Build, Container, Job, Service, ServiceSecret, Stack
from fairlead.render.compose.derived import derived
from fairlead.render.compose.values import Reference, literal, merged
from fairlead.render.container import SECRETS
from fairlead.render.instances import filled_all


def finished(made: dict[str, Any], compose: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Without what is empty, `$` as it is meant, and the file's own words last."""
    present = {key: value for key, value in made.items() if value not in (None, "", {}, [], ())}
    if "network_mode" in compose:  # in Compose it is the one or the other
        present.pop("networks", None)
    return literal(merged(present, filled_all(compose, values)))  # type: ignore[no-any-return]


def described(one: Container, values: Mapping[str, str]) -> dict[str, Any]:
    """How it comes to its image, which only Compose has to be told."""
    made = {
        "image": one.image,
        "build": _build(one.build) if one.build else None,
        "platform": one.platform,
        "pull_policy": None if one.build or one.pull_policy == "always" else one.pull_policy,
    }
    return {key: filled_all(value, values) for key, value in made.items() if value}


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


def paths(stack: Stack, secrets: Iterable[ServiceSecret]) -> dict[str, str]:
    """What tells a service where its files of secrets are, and the documents beside them."""
    some = tuple(secrets)
    found = {one.variable: one.name for one in some if one.delivery == "file"} | documents_of(stack, some)
    return {variable: f"{SECRETS}/{name}" for variable, name in found.items()}


def values(stack: Stack, secrets: Iterable[ServiceSecret]) -> dict[str, str]:
    """What Compose is to put into a service's environment: references to the values."""
    optional = {one.name for one in stack.secrets if not one.required}
    known = {name: one.plain for name, one in derived(stack).items() if one.plain is not None}
    return {one.variable: _told(one.name, optional, known) for one in secrets if one.delivery == "env"}


def _told(name: str, optional: set[str], known: dict[str, str]) -> str:
    if name in known:
        return known[name]
    return Reference(f"${{{name}:-}}" if name in optional else f"${{{name}:?set it}}")


def files(secrets: Iterable[ServiceSecret]) -> list[str]:
    """The secrets that it reads from files."""
    return [one.name for one in secrets if one.delivery == "file"]


def handed_files(stack: Stack, one: Service | Job) -> list[str | dict[str, str]]:
    """All that a service or a job finds in its folder: secrets, the documents beside them, templates by their way."""
    handed = (*one.secrets, *one.access)
    targets = templates_for(one, stack)
    filled = [{"source": template_name(stack, target), "target": target} for target in targets]
    return [*dict.fromkeys((*files(handed), *documents_of(stack, handed).values())), *filled]


def template_name(stack: Stack, target: str) -> str:
    """What a template with secrets is called among them, as a name and as a file."""
    names: dict[str, str] = {}
    for one in (one.target for one in stack.templates if one.secret):
        plain = "template-" + re.sub("[^A-Za-z0-9._-]", "-", one)
        names[one] = plain if plain not in names.values() else f"{plain}-{len(names)}"
    return names[target]
