"""One instance on disk: what it runs (spec.json), how often it started (starts), which process was verified, its log.

instances/ID/spec.json   argv, env (mode 600), cwd, port, health, stop; the launcher reads it
instances/ID/starts      how often it was started, and a line `PID START` for each of the last starts
instances/ID/verified    the line of the process that passed its readiness check
instances/ID/log         stdout and stderr
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.placeholders import expand
from fairlead.project.stack import Health, Stop, from_data
from fairlead.runtimes.base import InstanceSpec
from fairlead.supervisor.survivors import Starts, have_starts, read_starts
from fairlead.system import processes
from fairlead.system.files import read_json, remove_tree, write_file, write_json
from fairlead.system.processes import Process

INSTANCE_MARK = "FAIRLEAD_INSTANCE"  #: environment variable of all an instance starts; its value is the folder


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
        have_starts(self._starts)
        write_json(self._spec, self.described(spec, port), 0o600)

    def described(self, spec: InstanceSpec, port: int | None) -> dict[str, Any]:
        """What the launcher is told of a spec, with the port filled in."""
        own = {INSTANCE_MARK: str(self.path)} | ({"PORT": str(port)} if port else {})
        values = spec.values | own
        return asdict(spec) | {
            "argv": [expand(item, values) for item in spec.argv],
            "env": {name: expand(value, values) for name, value in spec.env.items()} | own,
            "port": port,
            "log": str(self.log),
            "starts": str(self._starts),
        }

    def spec(self) -> dict[str, Any] | None:
        """The stored spec; None while the folder is being made or removed. What a damaged one has lost is missing."""
        try:
            data: dict[str, Any] | None = read_json(self._spec)
        except FairleadError:
            return self._guessed()
        return data if data is None or _whole(data) else self._guessed()

    def _guessed(self) -> dict[str, Any] | None:
        """What the id alone tells: enough to show, stop, remove and replace it. None when it is no id."""
        release, _, rest = self.id.partition(".")
        service, _, index = rest.rpartition(".")
        if not (release and service and index.isdecimal()):
            return None
        return {
            "release": release,
            "service": service,
            "index": int(index),
            "port": None,
            "job": False,
            "damaged": True,
        }

    def learn_secrets(self) -> None:
        """Have the values that it was handed masked in what this process says: it may have written them to its log."""
        spec = self.spec() or {}
        own = self.path.parent.parent / "secrets"
        handed = [path for path in spec.get("env", {}).values() if path.startswith(f"{own}/")]
        for path in (*handed, *spec.get("secret_env", {}).values()):
            with suppress(OSError):  # forgotten together with its release
                Secret(Path(path).read_bytes().decode(errors="surrogateescape"))

    def health(self) -> Health:
        """Its health check."""
        return from_data(Health, (self.spec() or {}).get("health", {}))

    def stop(self) -> Stop:
        """How it is ended."""
        return from_data(Stop, (self.spec() or {}).get("stop", {}))

    def starts(self) -> Starts:
        """How often it was started, and the mark of the last start."""
        return read_starts(self._starts)

    def process(self) -> Process | None:
        """The living process of the last start."""
        return processes.from_mark(self.starts().last)

    def verify(self, process: Process) -> None:
        """Write down that this process is ready."""
        write_file(self._verified, f"{process.pid} {process.started}")

    def verified(self, process: Process | None) -> bool:
        """Whether this very process is the one that was found ready."""
        if process is None or not self._verified.exists():
            return False
        return self._verified.read_bytes() == f"{process.pid} {process.started}".encode()

    def remove(self) -> None:
        """Delete it all, the spec first, so that half a folder is no instance."""
        self._spec.unlink(missing_ok=True)
        remove_tree(self.path)


def _whole(data: object) -> bool:
    """Whether it has what every spec has; a crash of the disk can leave a file that is JSON and no spec."""
    if not isinstance(data, dict):
        return False
    texts = all(isinstance(data.get(name), str) for name in ("release", "service"))
    parts = all(isinstance(data.get(name), dict) for name in ("health", "stop"))
    return texts and parts and isinstance(data.get("index"), int) and {"port", "job", "argv"} <= data.keys()


def folders(parent: Path) -> tuple[InstanceFolder, ...]:
    """Every instance folder, sorted by id."""
    if not parent.exists():
        return ()
    return tuple(InstanceFolder(path) for path in sorted(parent.iterdir()) if path.is_dir())
