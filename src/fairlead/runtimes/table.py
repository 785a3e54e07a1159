"""Every runtime there is, by its name in the project file."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.project.stack import RuntimeName
from fairlead.runtimes.base import Runtime
from fairlead.system.home import Place


def _process(place: Place) -> Runtime:
    from fairlead.runtimes.process.runtime import ProcessRuntime  # noqa: PLC0415 — a runtime loads what it needs

    return ProcessRuntime(place)


def _docker(place: Place) -> Runtime:
    from fairlead.runtimes.docker.runtime import DockerRuntime  # noqa: PLC0415

    return DockerRuntime(place)


RUNTIMES: dict[RuntimeName, Callable[[Place], Runtime]] = {"process": _process, "docker": _docker}


def runtime_of(name: RuntimeName, place: Place) -> Runtime:
    """The runtime of that name for an environment. FairleadError when this version has none."""
    if name not in RUNTIMES:
        raise FairleadError(f"runtime {name} is not built yet in this version of Fairlead", "use runtime: process")
    return RUNTIMES[name](place)
