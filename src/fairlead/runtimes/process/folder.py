"""One instance on disk: what it runs (spec.json), how often it started (starts), which process was verified, its log.

instances/ID/spec.json   argv, env (mode 600), cwd, port, health, stop; the launcher reads it
instances/ID/starts      a line `PID START` per start
instances/ID/verified    the line of the process that passed its readiness check
instances/ID/log         stdout and stderr
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairlead.project.placeholders import expand
from fairlead.project.stack import Health, Stop, from_data
from fairlead.runtimes.base import InstanceSpec
from fairlead.supervisor.survivors import have_starts
from fairlead.system import processes
from fairlead.system.files import read_json, remove_tree, write_file, write_json
from fairlead.system.processes import Process


class InstanceFolder:
    """The files of one instance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "log"
        self._spec = path / "spec.json"
        self._starts = path / "starts"
        self._verified = path / "verified"

    @property
    def id(self) -> str:
        """The instance's id."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """What the launcher reads."""
        return self._spec

    def create(self, spec: InstanceSpec, port: int | None) -> None:
        """Write the spec with the port filled in; the folder counts from the moment the spec is there."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = {"PORT": str(port)} if port else {}
        values = spec.values | own
        data = asdict(spec) | {
            "argv": [expand(item, values) for item in spec.argv],
            "env": {name: expand(value, values) for name, value in spec.env.items()} | own,
            "port": port,
            "log": str(self.log),
            "starts": str(self._starts),
        }
        have_starts(self._starts)
        write_json(self._spec, data, 0o600)

    def spec(self) -> dict[str, Any] | None:
        """The stored spec; None while the folder is being made or removed."""
        data: dict[str, Any] | None = read_json(self._spec)
        return data

    def health(self) -> Health:
        """Its health check."""
        return from_data(Health, (self.spec() or {}).get("health", {}))

    def stop(self) -> Stop:
        """How it is ended."""
        return from_data(Stop, (self.spec() or {}).get("stop", {}))

    def starts(self) -> tuple[str, ...]:
        """A mark `PID START` per start, oldest first."""
        try:
            lines = self._starts.read_text().split("\n")[:-1]
        except FileNotFoundError:
            return ()
        return tuple(line for line in lines if not line.startswith("#"))

    def process(self) -> Process | None:
        """The living process of the last start."""
        marks = self.starts()
        return processes.from_mark(marks[-1]) if marks else None

    def verify(self, process: Process) -> None:
        """Write down that this process is ready."""
        write_file(self._verified, f"{process.pid} {process.started}")

    def verified(self, process: Process | None) -> bool:
        """Whether this very process is the one that was found ready."""
        if process is None or not self._verified.exists():
            return False
        return self._verified.read_text() == f"{process.pid} {process.started}"

    def remove(self) -> None:
        """Delete it all, the spec first, so that half a folder is no instance."""
        self._spec.unlink(missing_ok=True)
        remove_tree(self.path)


def folders(parent: Path) -> tuple[InstanceFolder, ...]:
    """Every instance folder, sorted by id."""
    if not parent.exists():
        return ()
    return tuple(InstanceFolder(path) for path in sorted(parent.iterdir()) if path.is_dir())
