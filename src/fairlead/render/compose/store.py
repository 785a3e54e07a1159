"""One store of a stack as a Compose service: the container that the runtime would make, told of secrets by Compose.

What it declares is made in it by itself after each start, since nobody else is there to do that; see
`render.stores.table.files_beside`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fairlead.project.access import (
    access_key_name,
    certificate_name,
    key_name,
    kms_name,
    managed,
    password_name,
)
from fairlead.project.access import runs as fairlead_runs
from fairlead.project.stack import Stack, Store
from fairlead.render.compose import parts
from fairlead.render.compose.spec import compose_service
from fairlead.render.compose.values import filled, values_in
from fairlead.render.container import SECRETS, ContainerSpec, Healthcheck, Mount
from fairlead.render.short_forms import own
from fairlead.render.stores.container import container_of
from fairlead.render.stores.ground import CONF, ground_of
from fairlead.render.stores.postgres import role_passwords
from fairlead.render.stores.table import files_beside, shape_of
from fairlead.render.ways import no_value

ASK = Healthcheck(("CMD", "sh", f"{CONF}/ask.sh"), 5.0, 5.0, 12, 120.0)
FOLDER = "stores"  #: beside the Compose file, with a folder for each


def runs(store: Store) -> bool:
    """Whether it is a container here, and not a server elsewhere that only a URL is known of."""
    return fairlead_runs(store) and (store.container.image is not None or bool(shape_of(store).image(store)))


def store(stack: Stack, one: Store) -> dict[str, Any]:
    """A store, with what its own `compose` says merged in."""
    spec = _filled(spec_of(one), stack)
    said = [own(filled(text, stack), one.name) for text in one.container.volumes]  # else its data goes with it
    made = compose_service(spec)
    made["volumes"] = [*made.get("volumes", ())[: len(spec.mounts) - len(said)], *said]
    made["environment"] = made.get("environment", {}) | parts.values(stack, one.secrets)
    made["secrets"] = list(secret_files(one))
    try:
        return parts.finished(made, one.container.compose, values_in(stack))
    except KeyError as error:
        raise no_value(error.args[0], stack) from None


def spec_of(one: Store) -> ContainerSpec:
    """Its container, with nothing filled in, and without its `compose`, which is for the file alone."""
    one = replace(one, container=replace(one.container, compose={}))
    shape = shape_of(one)
    image = one.container.image or shape.image(one)
    spec = container_of(one, shape, ground_of(shape, one, SECRETS), str, image)
    return replace(spec, healthcheck=_asked(one, spec))


def _asked(one: Store, spec: ContainerSpec) -> Healthcheck | None:
    """Nobody but the engine asks here, so it does as Fairlead would."""
    check = ASK if managed(one) else spec.healthcheck
    if check is None or one.health is None:
        return check if check is None or managed(one) else replace(check, interval=10.0)
    interval, deadline = max(one.health.interval, 5.0), one.health.deadline
    return replace(check, interval=interval, timeout=one.health.timeout, start_period=deadline)


def _filled(spec: ContainerSpec, stack: Stack) -> ContainerSpec:
    """With the values of variables, and `$` as Compose reads it."""

    def fill(text: str) -> str:
        return filled(text, stack)

    return replace(
        spec,
        image=fill(spec.image),
        argv=tuple(map(fill, spec.argv)),
        entrypoint=None if spec.entrypoint is None else tuple(map(fill, spec.entrypoint)),
        env={name: fill(text) for name, text in spec.env.items()},
        user=fill(spec.user) if spec.user else None,
        healthcheck=replace(spec.healthcheck, test=tuple(map(fill, spec.healthcheck.test)))
        if spec.healthcheck
        else None,
    )


def secret_files(one: Store) -> Iterator[str]:
    """The secrets that it reads from files."""
    own = {
        "postgres": (password_name, certificate_name, key_name),
        "redis": (password_name,),
        "s3": (
            password_name,
            access_key_name,
            *([kms_name] if one.encrypted else ()),
            *((certificate_name, key_name) if one.tls else ()),
        ),
    }
    names = [name(one.name) for name in own[one.kind]] if managed(one) else []
    roles = role_passwords(one) if managed(one) else ()
    yield from dict.fromkeys((*names, *roles, *parts.files(one.secrets)))


def configured(stack: Stack) -> dict[str, dict[str, str]]:
    """By store, what lies beside the Compose file for it, by name. None of it is secret."""
    kept = (one for one in stack.stores if runs(one))
    found = {one.name: files_beside(one, ground_of(shape_of(one), one, SECRETS)) for one in kept}
    return {name: files for name, files in found.items() if files}


def conf_mount(name: str) -> dict[str, Any]:
    """Where it sees that."""
    one = Mount("bind", f"./{FOLDER}/{name}", CONF, read_only=True)
    return {"type": one.kind, "source": one.source, "target": one.target, "read_only": one.read_only}
