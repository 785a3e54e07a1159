"""What each instance uses of the machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fairlead.operations.environment import existing
from fairlead.runtimes.base import Instance
from fairlead.system import processes
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Used:
    """One instance and what all of its processes use together."""

    instance: Instance
    processes: int
    memory: int  #: bytes that are resident
    cpu: float  #: seconds of processor time since they began
    limit: int | None  #: bytes it may use; None: no limit of its own

    def data(self) -> dict[str, Any]:
        """For machines."""
        one = self.instance
        told = {"id": one.id, "phase": one.phase, "port": one.port, "pid": one.pid, "starts": one.starts}
        return told | {key: value for key, value in asdict(self).items() if key != "instance"}


def ps(place: Place) -> tuple[Used, ...]:
    """Every instance of an environment of this machine."""
    with existing(place) as environment:
        world, found = environment.world, []
        for one in world.runtime.observe():
            usage = processes.usage(world.runtime.processes_of(one.id) if one.living else ())
            release = world.releases.load_or_none(one.release)
            services = {each.name: each for each in release.stack.services} if release else {}
            service = services.get(one.service)
            limit = service.container.resources.memory if service else None
            found.append(Used(one, usage.processes, usage.memory, usage.cpu, limit))
        return tuple(found)
