"""From an instance to its container: how it is called, what it sees, what it is told. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.engine.owner import Owner
from fairlead.project.stack import Health
from fairlead.render.container import FILES, SECRETS, ContainerSpec, Joined, Mount
from fairlead.render.edge_containers import DOOR
from fairlead.render.instances import Placed, container_of, filled, values_of
from fairlead.render.networks import BACKEND, EDGELESS, FRONTEND
from fairlead.runtimes.base import InstanceSpec


@dataclass(frozen=True, slots=True)
class Handed:
    """What this machine hands to an instance."""

    env: Mapping[str, str]  #: values of secrets that it wants in its environment
    secrets: Path | None = None  #: folder of those that it reads
    files: Path | None = None  #: folder of the files that were made of templates
    address: str = ""  #: that it always has where the edge asks it
    doors: Mapping[str, str] = field(default_factory=dict)  #: network → that the edge always has there


def name_of(owner: Owner, id: str) -> str:
    """What the container of an instance is called."""
    return owner.instance(id)


def alias_of(id: str) -> str:
    """What it is called in its networks."""
    release, service, index = id.split(".")
    return f"{service}-{release}-{index}"


def container_spec(spec: InstanceSpec, owner: Owner, handed: Handed) -> ContainerSpec:
    """All that the engine is asked for. KeyError for a placeholder without a value; FairleadError."""
    place = Placed(
        name=name_of(owner, spec.id),
        volume=owner.name,
        joined=lambda network: _joined(spec, owner, network, handed),
        labels=_labels(spec, owner),
        env=handed.env,
        mounts=_handed_mounts(handed),
        hosts=_hosts(spec, handed.doors),
    )
    return container_of(spec, place)


def _joined(spec: InstanceSpec, owner: Owner, network: str, handed: Handed) -> Joined:
    """Names of services lead to the edge's door: each container has its own, so another set of them needs no other
    door. They are those of services that are in this network too."""
    links = tuple((owner.name(DOOR), name) for name, shared in spec.asks.items() if network in shared)
    address = handed.address if network == meeting(spec) else ""
    return Joined(owner.name(network), (alias_of(spec.id),), links, address)


def meeting(spec: InstanceSpec) -> str:
    """The network in which the edge and it ask each other; empty: there is none. See `render.networks`."""
    here = [name for name in spec.container.networks or (BACKEND,) if name not in EDGELESS]
    return next((name for name in here if name in (FRONTEND, BACKEND)), next(iter(here), ""))


def asking(spec: InstanceSpec) -> dict[str, str]:
    """In which network it asks for each service that it reaches by name: where the edge asks it too, if it can."""
    own = meeting(spec)
    return {name: own if own in shared else shared[0] for name, shared in spec.asks.items()}


def _hosts(spec: InstanceSpec, doors: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    known = ((name, doors.get(network, "")) for name, network in asking(spec).items())
    return tuple((name, address) for name, address in known if address)


def command_of(health: Health, spec: InstanceSpec) -> tuple[str, ...]:
    """The command that says whether it is ready; empty when there is none."""
    return filled(shlex.split(health.command), values_of(spec)) if health.command else ()


def _labels(spec: InstanceSpec, owner: Owner) -> dict[str, str]:
    return owner.labels(
        "job" if spec.job else "instance",
        release=spec.release, service=spec.service, index=str(spec.index), id=spec.id,
    )  # fmt: skip


def _handed_mounts(handed: Handed) -> tuple[Mount, ...]:
    wanted = ((handed.secrets, SECRETS), (handed.files, FILES))
    return tuple(Mount("bind", str(source), target, read_only=True) for source, target in wanted if source)
