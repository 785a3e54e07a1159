"""From an instance to its container: how it is called, what it sees, what it is told. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.project.placeholders import expand
from fairlead.project.stack import Health
from fairlead.render.compose_keys import host_config
from fairlead.render.container import FILES, SECRETS, ContainerSpec, Healthcheck, Joined, Mount
from fairlead.render.edge_containers import DOOR
from fairlead.render.networks import BACKEND, EDGELESS, FRONTEND
from fairlead.render.short_forms import mount, published
from fairlead.runtimes.base import InstanceSpec

RETRIES = 3  #: failures in a row after which the engine itself calls a container unhealthy


@dataclass(frozen=True, slots=True)
class Handed:
    """What this machine hands to an instance."""

    env: Mapping[str, str]  #: values of secrets that it wants in its environment
    secrets: Path | None = None  #: folder of those that it reads
    files: Path | None = None  #: folder of the files that were made of templates
    address: str = ""  #: that it always has where the edge asks it
    door: str = ""  #: that the edge always has there


def name_of(owner: Owner, id: str) -> str:
    """PROJECT-ENVIRONMENT-SERVICE-RELEASE-INDEX of RELEASE.SERVICE.INDEX."""
    release, service, index = id.split(".")
    return owner.name(service, release, index)


def alias_of(id: str) -> str:
    """What it is called in its networks."""
    release, service, index = id.split(".")
    return f"{service}-{release}-{index}"


def container_spec(spec: InstanceSpec, owner: Owner, handed: Handed) -> ContainerSpec:
    """All that the engine is asked for. KeyError for a placeholder without a value; FairleadError."""
    one, values = spec.container, _values(spec)
    own = {"PORT": str(spec.port)} if spec.port else {}
    return ContainerSpec(
        name=name_of(owner, spec.id),
        image=spec.image,
        argv=_all(spec.argv, values),
        entrypoint=_all(shlex.split(one.entrypoint), values) if one.entrypoint else None,
        env={name: expand(value, values) for name, value in spec.env.items()} | own | dict(handed.env),
        labels=_labels(spec, owner),
        user=expand(one.user, values) if one.user else None,
        workdir=expand(one.workdir, values) if one.workdir else None,
        mounts=(*(mount(text, owner.name, spec.cwd) for text in _all(one.volumes, values)), *_handed_mounts(handed)),
        networks=tuple(_joined(spec, owner, name, handed) for name in one.networks or (BACKEND,)),
        hosts=tuple((name, handed.door) for name in spec.names) if handed.door else (),
        publish=tuple(port for text in _all(one.publish, values) for port in published(text)),
        resources=one.resources,
        security=one.security,
        logs=one.logs,
        healthcheck=_healthcheck(spec.health, values),
        stop_signal=spec.stop.signal,
        stop_grace=spec.stop.grace,
        restart="no" if spec.job else "unless-stopped",
        more=_more(spec, values),
    )


def _more(spec: InstanceSpec, values: dict[str, str]) -> dict[str, Any]:
    try:
        return host_config(_filled(spec.container.compose, values))
    except ValueError as error:
        raise FairleadError(f"{spec.service}: {error}", "see the Compose specification") from error


def _joined(spec: InstanceSpec, owner: Owner, network: str, handed: Handed) -> Joined:
    """Names of services lead to the edge's door: each container has its own, so another set of them needs no other
    door. Where the edge is not, they lead nowhere."""
    links = () if network in EDGELESS else tuple((owner.name(DOOR), name) for name in spec.names)
    address = handed.address if network == meeting(spec) else ""
    return Joined(owner.name(network), (alias_of(spec.id),), links, address)


def meeting(spec: InstanceSpec) -> str:
    """The network in which the edge and it ask each other; empty: there is none. See `render.networks`."""
    here = [name for name in spec.container.networks or (BACKEND,) if name not in EDGELESS]
    return next((name for name in here if name in (FRONTEND, BACKEND)), next(iter(here), ""))


def has_door(spec: InstanceSpec) -> bool:
    """Whether the edge's door is where it would be met: in a network of the file's own only for who listens there."""
    return meeting(spec) in (FRONTEND, BACKEND) or (spec.port is not None and not spec.job)


def command_of(health: Health, spec: InstanceSpec) -> tuple[str, ...]:
    """The command that says whether it is ready; empty when there is none."""
    return _all(shlex.split(health.command), _values(spec)) if health.command else ()


def _labels(spec: InstanceSpec, owner: Owner) -> dict[str, str]:
    return owner.labels(
        "job" if spec.job else "instance",
        release=spec.release, service=spec.service, index=str(spec.index), id=spec.id,
    )  # fmt: skip


def _values(spec: InstanceSpec) -> dict[str, str]:
    return spec.values | ({"PORT": str(spec.port)} if spec.port else {})


def _all(texts: Iterable[str], values: dict[str, str]) -> tuple[str, ...]:
    return tuple(expand(text, values) for text in texts)


def _filled(value: Any, values: dict[str, str]) -> Any:
    """With a value for each placeholder in it, however deep."""
    if isinstance(value, Mapping):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, values) for one in value]
    return expand(value, values) if isinstance(value, str) else value


def _handed_mounts(handed: Handed) -> tuple[Mount, ...]:
    wanted = ((handed.secrets, SECRETS), (handed.files, FILES))
    return tuple(Mount("bind", str(source), target, read_only=True) for source, target in wanted if source)


def _healthcheck(health: Health, values: dict[str, str]) -> Healthcheck | None:
    """The same command asked by the engine, for whoever looks at it; None leaves it at the image's own."""
    if not health.command:
        return None
    test = ("CMD", *_all(shlex.split(health.command), values))
    return Healthcheck(test, max(health.interval, 5.0), health.timeout, RETRIES, health.deadline)
