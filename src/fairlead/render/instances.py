"""The container of a service or a job: all that it is made of, wherever it is to run. Pure.

One function makes it for an engine and for a Compose file. What is of the place, and not of the service, is in
`Placed`: how it is called there, what it is handed, and how it comes into its networks.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from fairlead.errors import FairleadError
from fairlead.project.placeholders import expand
from fairlead.project.stack import Container, Health, Job, Service, Stack, Stop
from fairlead.render.compose_keys import host_config
from fairlead.render.container import NEVER, ContainerSpec, Healthcheck, Joined, Mount
from fairlead.render.networks import BACKEND, service_networks
from fairlead.render.short_forms import mount, published

RETRIES = 3  #: failures in a row after which the engine itself calls a container unhealthy
OFF, HTTP = "off", "http"  #: what the engine is to ask, beside a command
_ASKING = (  #: one of these is in nearly every image
    "wget -q -O /dev/null {url}",
    "curl -fsS -o /dev/null {url}",
    "python3 -c \"import urllib.request as u; u.urlopen('{url}', timeout={timeout})\"",
    "node -e \"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"",
    "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}"
    r' && printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" "{path}" >&3'
    ' && read -r version code rest <&3 && case "$code" in [23]*) ;; *) exit 1 ;; esac\'',
)
LEAST = 5.0  #: seconds between two questions of the engine's, where Fairlead asks by itself


class Runs(Protocol):
    """What runs, and what it is told. `${NAME}` in its texts stands for `values`, and PORT for `port`."""

    @property
    def service(self) -> str:
        """Its name in the project file."""

    @property
    def argv(self) -> tuple[str, ...]:
        """Its command; empty: the image's own."""

    @property
    def cwd(self) -> str:
        """The folder that relative paths of volumes are in."""

    @property
    def env(self) -> Mapping[str, str]:
        """Variables, none of them secret."""

    @property
    def values(self) -> Mapping[str, str]:
        """What placeholders stand for."""

    @property
    def health(self) -> Health:
        """When it is ready."""

    @property
    def stop(self) -> Stop:
        """How it ends."""

    @property
    def job(self) -> bool:
        """Whether it runs once and ends."""

    @property
    def port(self) -> int | None:
        """Where it listens."""

    @property
    def image(self) -> str:
        """Id or reference; empty: it is built."""

    @property
    def container(self) -> Container:
        """What only a container has."""


def _plain(network: str) -> Joined:
    return Joined(network)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What a container has of the place where it runs."""

    name: str
    volume: Callable[[str], str] = str  #: from the name in the file to that of the place
    joined: Callable[[str], Joined] = _plain  #: how it comes into the network that the file calls so
    labels: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)  #: values of secrets that it wants in its environment
    mounts: tuple[Mount, ...] = ()  #: of what it is handed
    hosts: tuple[tuple[str, str], ...] = ()  #: (name, address) that it knows without asking


def container_of(one: Runs, place: Placed) -> ContainerSpec:
    """All that is asked for. KeyError for a placeholder without a value; FairleadError when its `compose` cannot be
    read."""
    own, values = one.container, values_of(one)
    port = {"PORT": str(one.port)} if one.port else {}
    return ContainerSpec(
        name=place.name,
        image=one.image,
        argv=filled(one.argv, values),
        entrypoint=filled(shlex.split(own.entrypoint), values) if own.entrypoint else None,
        env={name: expand(value, values) for name, value in one.env.items()} | port | dict(place.env),
        labels=place.labels,
        user=expand(own.user, values) if own.user else None,
        workdir=expand(own.workdir, values) if own.workdir else None,
        mounts=(*(mount(text, place.volume, one.cwd) for text in filled(own.volumes, values)), *place.mounts),
        networks=tuple(place.joined(name) for name in own.networks or (BACKEND,)),
        hosts=place.hosts,
        publish=tuple(port for text in filled(own.publish, values) for port in published(text)),
        resources=own.resources,
        security=own.security,
        logs=own.logs,
        healthcheck=healthcheck(one.health, values, one.port),
        stop_signal=one.stop.signal,
        stop_grace=one.stop.grace,
        restart="no" if one.job else "unless-stopped",
        more=_more(one, values),
    )


def values_of(one: Runs) -> dict[str, str]:
    """What its placeholders stand for."""
    return {**one.values, **({"PORT": str(one.port)} if one.port else {})}


def filled(texts: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Each with a value for every placeholder."""
    return tuple(expand(text, values) for text in texts)


def filled_all(value: Any, values: Mapping[str, str]) -> Any:
    """With a value for each placeholder in it, however deep."""
    if isinstance(value, Mapping):
        return {key: filled_all(one, values) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled_all(one, values) for one in value]
    return expand(value, values) if isinstance(value, str) else value


def container_of_job(job: Job, stack: Stack) -> Container:
    """A job runs as the service it is like, but is published nowhere."""
    return replace(joined(stack.service(job.like), stack), publish=()) if job.like else Container()


def joined(service: Service, stack: Stack) -> Container:
    """A service's, with the networks that it is in."""
    return replace(service.container, networks=service_networks(service, stack))


def _more(one: Runs, values: Mapping[str, str]) -> dict[str, Any]:
    try:
        return host_config(filled_all(one.container.compose, values))
    except ValueError as error:
        raise FairleadError(f"{one.service}: {error}", "see the Compose specification") from error


def healthcheck(
    health: Health, values: Mapping[str, str], port: int | None, least: float = LEAST
) -> Healthcheck | None:
    """What the engine asks by itself, for whoever looks at it; None leaves it at the image's own.

    `least`: seconds between two questions.
    """
    asked = health.engine or health.command
    if asked == OFF:
        return Healthcheck(NEVER)
    test = _by_request(health, port) if asked == HTTP else filled(shlex.split(asked or ""), values)
    if not test:
        return None
    how = test if asked == HTTP else ("CMD", *test)
    return Healthcheck(how, max(health.interval, least), health.timeout, RETRIES, health.deadline)


def _by_request(health: Health, port: int | None) -> tuple[str, ...]:
    if health.ready is None or port is None:
        return ()
    known = {"port": port, "path": health.ready, "url": f"http://127.0.0.1:{port}{health.ready}"}
    return ("CMD-SHELL", " || ".join(way.format(**known, timeout=health.timeout) for way in _ASKING))
