"""The container of a store: all that it is made of. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fairlead.engine.owner import Owner
from fairlead.project.stack import Security, Store
from fairlead.render.compose_keys import host_config
from fairlead.render.container import SECRETS, ContainerSpec, Healthcheck, Joined, Mount
from fairlead.render.networks import store_networks
from fairlead.render.short_forms import mount
from fairlead.stores.declared import fingerprint
from fairlead.stores.kinds.base import Ground, StoreKind
from fairlead.stores.kinds.plain import preset

CONF = "/etc/fairlead"
SOCKET = "/run/fairlead/socket"
TEMPORARY = {"postgres": ("/run/postgresql",)}  #: what its image expects to be there, in memory
GRACE = 60.0  #: seconds to write down what is in memory


def ground_of(kind: StoreKind, data: str) -> Ground:
    """Where a store finds things in its container."""
    return Ground(data, CONF, kind.port, f"{SOCKET},/var/run/postgresql", SOCKET, contained=True)


def container_of(
    store: Store, kind: StoreKind, owner: Owner, folder: Path, image: str, secret_env: Mapping[str, str]
) -> ContainerSpec:
    """All that the engine is asked for. `folder` is the store's on this machine, `image` an id."""
    own, argv = store.container, kind.argv(store, ground_of(kind, kind.keeps(store)))
    script = argv[:1] == ("sh",)
    return ContainerSpec(
        name=owner.name(store.name),
        image=image,
        argv=argv[1:] if script else argv,
        entrypoint=("sh",) if script else None,
        env=kind.env(store, ground_of(kind, kind.keeps(store))) | store.env | _told(store) | dict(secret_env),
        labels=owner.labels("store", store=store.name, spec=fingerprint(store)),
        user=own.user or kind.user(store),
        mounts=_mounts(store, kind, owner.name, folder),
        networks=tuple(Joined(owner.name(name), (store.name,)) for name in store_networks(store)),
        resources=own.resources,
        security=_security(store),
        logs=own.logs,
        healthcheck=_healthcheck(store),
        stop_signal=kind.stop_signal,
        stop_grace=GRACE,
        more=host_config(own.compose),
    )


def _told(store: Store) -> dict[str, str]:
    """Where its own secrets are."""
    return {one.variable: f"{SECRETS}/{one.name}" for one in store.secrets if one.delivery == "file"}


def _security(store: Store) -> Security:
    own = store.container.security
    return replace(own, tmpfs=(*own.tmpfs, *TEMPORARY.get(store.kind, ()), *preset(store).tmpfs))


def _mounts(store: Store, kind: StoreKind, name: Callable[[str], str], folder: Path) -> tuple[Mount, ...]:
    """What it reads and keeps. A volume that the file names for the same folder is taken instead."""
    said = tuple(mount(text, name) for text in store.container.volumes)
    keeps = kind.keeps(store)
    found = [Mount("bind", str(folder / "conf"), CONF, read_only=True)]
    if keeps and keeps not in {one.target for one in said}:
        found.append(Mount("volume", name(f"{store.name}-data"), keeps))
    if kind.certified:
        found.append(Mount("bind", str(folder / "socket"), SOCKET))
    if store.secrets:
        found.append(Mount("bind", str(folder / "secrets"), SECRETS, read_only=True))
    return (*found, *said)


def _healthcheck(store: Store) -> Healthcheck | None:
    """For whoever looks at it by `docker ps`; Fairlead asks by itself."""
    command = (store.health.command if store.health else None) or preset(store).ask
    timeout = store.health.timeout if store.health else 5.0
    return Healthcheck(("CMD", *shlex.split(command)), 60.0, timeout, start_period=300.0) if command else None
