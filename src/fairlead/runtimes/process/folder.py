"""The folder of an instance that is a process: its spec is what the launcher starts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fairlead.project.placeholders import expand
from fairlead.project.stack import from_data
from fairlead.project.stack_container import LogBounds
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.folder import InstanceFolder

INSTANCE_MARK = "FAIRLEAD_INSTANCE"  #: environment variable of all an instance starts; its value is the folder


class ProcessFolder(InstanceFolder):
    """The files of one instance."""

    def create(self, spec: InstanceSpec, port: int | None) -> None:
        """Write the spec with the port filled in."""
        self.store(spec, self.described(spec, port))

    def logs(self) -> LogBounds:
        """How much of its log is kept."""
        container = (self.spec() or {}).get("container") or {}
        return from_data(LogBounds, container.get("logs") or {})

    def described(self, spec: InstanceSpec, port: int | None) -> dict[str, Any]:
        """What the launcher is told of a spec, with the port filled in."""
        own = {INSTANCE_MARK: str(self.path)} | ({"PORT": str(port)} if port else {})
        values = spec.values | own
        return asdict(spec) | {
            "argv": [expand(item, values) for item in spec.argv],
            "env": {name: expand(value, values) for name, value in spec.env.items()} | own,
            "port": port,
            "log": str(self.log),
            "starts": str(self.starts_file),
        }
