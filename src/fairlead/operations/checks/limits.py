"""What the project file asks for and a process is not held to."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.operations.check import Check, warning
from fairlead.project.stack import Service, Stack


def examine(stack: Stack) -> Iterator[Check]:
    """Warnings of the runtime `process`: all instances share the machine's network and memory."""
    if stack.runtime != "process":
        return
    apart = [service.name for service in stack.services if service.container.networks]
    if apart:
        text = f"not kept apart: {_names(apart)}; every process of this machine can reach every port of it"
        yield warning("networks", text, "use the runtime docker where networks have to be separate")
    limited = [service.name for service in stack.services if _limited(service)]
    if limited:
        text = f"not limited: {_names(limited)}; a process takes what it can get"
        yield warning("resources", text, "use the runtime docker where limits have to hold")


def _limited(service: Service) -> bool:
    limits = service.container.resources
    return bool(limits.cpu or limits.memory)


def _names(some: list[str]) -> str:
    return ", ".join(some)
