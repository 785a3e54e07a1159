"""The folder of an instance that is a process: its spec is what the launcher starts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from fairlead.errors import FairleadError
from fairlead.project.placeholders import expand
from fairlead.project.stack import from_data
from fairlead.project.stack_container import LogBounds
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.folder import InstanceFolder
from fairlead.system.files import write_file, write_json

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
        declared = {"argv": list(spec.argv), "env": spec.env}
        filled = self._filled(declared, spec.values, port)
        files = {"log": str(self.log), "starts": str(self.starts_file)}
        return asdict(spec) | filled | files | {"declared": declared}

    def _filled(self, declared: dict[str, Any], known: dict[str, str], port: int | None) -> dict[str, Any]:
        own = {INSTANCE_MARK: str(self.path)} | ({"PORT": str(port)} if port else {})
        values = known | own
        return {
            "argv": [expand(item, values) for item in declared["argv"]],
            "env": {name: expand(value, values) for name, value in declared["env"].items()} | own,
            "port": port,
        }

    def count_anew(self) -> None:
        """That somebody starts it again is no crash: of the starts before, only the last one stays known."""
        known = self.starts()
        if len(known) > 1 and known.last:
            with suppress(FairleadError):  # a full disk
                write_file(self.starts_file, f"# 0 earlier; PID START, a line per start\n{known.last}\n")

    def move(self, port: int) -> None:
        """Have it listen on another port from its next start on. Nothing where an earlier Fairlead wrote the spec."""
        spec = self.spec() or {}
        if "declared" in spec:
            write_json(self._spec, spec | self._filled(spec["declared"], spec["values"], port), 0o600)
