"""The container of a store in an engine. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fairlead.engine.owner import Owner
from fairlead.project.access import managed
from fairlead.project.stack import Store
from fairlead.render.container import SECRETS, ContainerSpec, Mount
from fairlead.render.stores import container
from fairlead.render.stores.ground import CONF, SOCKET, Shape, ground_of
from fairlead.stores.declared import fingerprint


def container_of(
    store: Store, kind: Shape, owner: Owner, folder: Path, image: str, secret_env: Mapping[str, str]
) -> ContainerSpec:
    """All that the engine is asked for. `folder` is the store's on this machine, `image` an id."""
    labels = owner.labels("store", store=store.name, spec=fingerprint(store))
    mounts, ground = _handed(store, kind, folder), ground_of(kind, store)
    made = container.container_of(store, kind, ground, owner.name, image, mounts, secret_env)
    return replace(made, labels=labels)


def _handed(store: Store, kind: Shape, folder: Path) -> tuple[Mount, ...]:
    found = [Mount("bind", str(folder / "conf"), CONF, read_only=True)]
    if store.kind == "postgres" and managed(store):
        found.append(Mount("bind", str(folder / "socket"), SOCKET))
    if store.secrets:
        found.append(Mount("bind", str(folder / "secrets"), SECRETS, read_only=True))
    return tuple(found)
