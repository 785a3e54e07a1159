"""The container of a store: all that it is made of. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fairlead.errors import FairleadError
from fairlead.project.access import managed
from fairlead.project.stack import Security, Store
from fairlead.render.compose_keys import host_config
from fairlead.render.container import SECRETS, ContainerSpec, Healthcheck, Joined, Mount
from fairlead.render.networks import store_networks
from fairlead.render.short_forms import mount
from fairlead.render.stores.ground import Ground, Shape
from fairlead.render.stores.plain import preset

TEMPORARY = {"postgres": ("/run/postgresql",)}  #: what its image expects to be there, in memory
GRACE = 60.0  #: seconds to write down what is in memory


def container_of(
    store: Store, shape: Shape, ground: Ground, name: Callable[[str], str], image: str,
    mounts: tuple[Mount, ...] = (), env: Mapping[str, str] | None = None,
) -> ContainerSpec:  # fmt: skip
    """All that is asked for. `name` makes names of a container, its volumes and networks of those in the file;
    `mounts` is what is handed to it, `env` the values of its own secrets.
    FairleadError when its `compose` cannot be read."""
    own, argv = store.container, shape.argv(store, ground)
    script = managed(store) and argv[:1] == ("sh",)  # ours; of any other the image knows how it begins
    return ContainerSpec(
        name=name(store.name),
        image=image,
        argv=argv[1:] if script else argv,
        entrypoint=("sh",) if script else None,
        env=shape.env(store, ground) | store.env | _told(store) | dict(env or {}),
        user=own.user or shape.user(store),
        mounts=_mounts(store, shape, name, mounts),
        networks=tuple(Joined(name(one), (store.name,)) for one in store_networks(store)),
        resources=own.resources,
        security=_security(store),
        logs=own.logs,
        healthcheck=_healthcheck(store),
        stop_signal=shape.stop_signal,
        stop_grace=GRACE,
        more=_more(store),
    )


def _more(store: Store) -> dict[str, Any]:
    try:
        return host_config(store.container.compose)
    except ValueError as error:
        raise FairleadError(f"store {store.name}: {error}", "see the Compose specification") from error


def _told(store: Store) -> dict[str, str]:
    """Where its own secrets are."""
    return {one.variable: f"{SECRETS}/{one.name}" for one in store.secrets if one.delivery == "file"}


def _security(store: Store) -> Security:
    own = store.container.security
    if own.off:
        return own
    return replace(own, tmpfs=(*own.tmpfs, *TEMPORARY.get(store.kind, ()), *preset(store).tmpfs))


def _mounts(store: Store, shape: Shape, name: Callable[[str], str], handed: tuple[Mount, ...]) -> tuple[Mount, ...]:
    """What it reads and keeps. A volume that the file names for the same folder is taken instead."""
    said = tuple(mount(text, name) for text in store.container.volumes)
    keeps = shape.keeps(store)
    own = bool(keeps) and keeps not in {one.target for one in said}
    data = (Mount("volume", name(f"{store.name}-data"), keeps),) if own else ()
    return (*handed[:1], *data, *handed[1:], *said)


def _healthcheck(store: Store) -> Healthcheck | None:
    """For whoever looks at it by `docker ps`; Fairlead asks by itself."""
    command = (store.health.command if store.health else None) or preset(store).ask
    timeout = store.health.timeout if store.health else 5.0
    return Healthcheck(("CMD", *shlex.split(command)), 60.0, timeout, start_period=300.0) if command else None
