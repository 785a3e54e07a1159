"""From a release to what a runtime starts: the instances of its services, and its jobs. Pure."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.artifacts.release import Release
from fairlead.project.stack import Container, Job, Service
from fairlead.render import container
from fairlead.render.instances import container_of_job, joined
from fairlead.render.networks import names_in
from fairlead.rollout.observed import instance_id
from fairlead.runtimes.base import InstanceSpec
from fairlead.secrets.consumers import path_variables, value_variables
from fairlead.secrets.folder import CURRENT

NOWHERE = Path("/nowhere")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a release does not know: where its artifacts lie, the interpreter, what every process inherits."""

    trees: Mapping[str, Path]  #: artifact digest → prepared source tree
    python: str
    env: Mapping[str, str]
    secrets: Path = NOWHERE  #: where secrets are handed over
    files: Path = NOWHERE  #: where the files of each release lie
    containers: bool = False  #: instances see folders of their own, and inherit nothing
    root: str = "/"  #: the project's folder, which relative paths of volumes begin at

    def handed(self, release: str, item: str) -> Path:
        """The folder on this machine in which the secrets of a service or job of a release lie."""
        return self.secrets / release / item / CURRENT

    def seen_secrets(self, release: str, item: str) -> Path:
        """The same folder as the service or job itself sees it."""
        return IN_CONTAINER.secrets if self.containers else self.handed(release, item)

    def seen_files(self, release: str) -> Path:
        """The folder of a release's files as its services see it."""
        return IN_CONTAINER.files if self.containers else self.files / release


@dataclass(frozen=True, slots=True)
class Inside:
    """Where a container finds what it is handed."""

    secrets: Path
    files: Path
    python: str


IN_CONTAINER = Inside(Path(container.SECRETS), Path(container.FILES), "python3")


def service_specs(release: Release, ids: Iterable[str], machine: Machine) -> tuple[InstanceSpec, ...]:
    """The specs of these instances of the release."""
    return tuple(_service_spec(release, id, machine) for id in ids)


def _service_spec(release: Release, id: str, machine: Machine) -> InstanceSpec:
    _, name, index = id.split(".")
    service = release.stack.service(name)
    return InstanceSpec(
        id, release.id, name, int(index), _argv(service), _folder(release, name, machine),
        _env(service, release, machine), _values(release, id, machine), service.port is not None, service.health,
        service.stop, secret_env=_secret_env(service, release, machine), port=service.port,
        image=_image(release, name, machine), container=joined(service, release.stack),
        asks=_asks(release, joined(service, release.stack), machine),
    )  # fmt: skip


def job_id(release: str, job: str) -> str:
    """The instance id of a job."""
    return instance_id(release, job, 1)


def job_spec(release: Release, name: str, machine: Machine) -> InstanceSpec:
    """A job as an instance that runs once."""
    job, id = release.stack.job(name), job_id(release.id, name)
    return InstanceSpec(
        id, release.id, name, 1, _argv(job), _folder(release, name, machine), _env(job, release, machine),
        _values(release, id, machine), job=True, secret_env=_secret_env(job, release, machine),
        image=_image(release, name, machine), container=container_of_job(job, release.stack),
        asks=_asks(release, container_of_job(job, release.stack), machine), like=job.like or "",
    )  # fmt: skip


def _image(release: Release, name: str, machine: Machine) -> str:
    return release.artifacts.get(name, "") if machine.containers else ""


def _asks(release: Release, container: Container, machine: Machine) -> dict[str, tuple[str, ...]]:
    """The services that a container reaches by NAME:PORT, and the networks in which."""
    return names_in(container.networks, release.stack) if machine.containers else {}


def _argv(item: Service | Job) -> tuple[str, ...]:
    return tuple(shlex.split(item.command))


def _folder(release: Release, name: str, machine: Machine) -> str:
    """Where a process starts; for a container, where relative paths of its volumes begin."""
    digest = release.artifacts.get(name)
    if machine.containers:
        return machine.root
    return str(machine.trees[digest]) if digest else "/"


def _env(item: Service | Job, release: Release, machine: Machine) -> dict[str, str]:
    """What the project file says has the last word."""
    folder = machine.seen_secrets(release.id, item.name)
    files = path_variables(item, release.stack)
    inherited = {} if machine.containers else machine.env
    return {**inherited, **{variable: str(folder / name) for variable, name in files.items()}, **item.env}


def _secret_env(item: Service | Job, release: Release, machine: Machine) -> dict[str, str]:
    folder = machine.handed(release.id, item.name)
    return {variable: str(folder / name) for variable, name in value_variables(item).items()}


def _values(release: Release, id: str, machine: Machine) -> dict[str, str]:
    stack = release.stack
    return {
        **stack.variables,
        "RELEASE": release.id,
        "INSTANCE": id,
        "PROJECT": stack.project,
        "ENVIRONMENT": stack.environment,
        "PYTHON": IN_CONTAINER.python if machine.containers else machine.python,
        "FAIRLEAD": IN_CONTAINER.python if machine.containers else sys.executable,
        "FILES": str(machine.seen_files(release.id)),
        "SECRETS": str(machine.seen_secrets(release.id, id.split(".")[1])),
    }
