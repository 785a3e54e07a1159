"""One instance on disk: what it runs (spec.json), how often it started (starts), which start was verified.

instances/ID/spec.json   what it runs (mode 600): argv, env, port, health, stop …
instances/ID/starts      how often it was started, and a line `PID START` for each of the last starts
instances/ID/verified    the mark of the start that passed its readiness check
instances/ID/log         stdout and stderr of a process
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.stack import Health, Stop, from_data
from fairlead.render.edge import LOOPBACK
from fairlead.runtimes.base import InstanceSpec
from fairlead.supervisor.survivors import Starts, have_starts, read_starts
from fairlead.system import processes
from fairlead.system.files import listed, read_json, remove_tree, write_file, write_json
from fairlead.system.processes import Process


class InstanceFolder:
    """The files of one instance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "log"
        self._spec = path / "spec.json"
        self.starts_file = path / "starts"
        self._verified = path / "verified"

    @property
    def id(self) -> str:
        """The instance's id."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """What the launcher reads."""
        return self._spec

    def store(self, spec: InstanceSpec, described: dict[str, Any] | None = None) -> None:
        """Write the spec, or what is `described` of it; the folder counts from the moment the spec is there."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        have_starts(self.starts_file)
        write_json(self._spec, described or asdict(spec), 0o600)

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
        for path in self._handed(self.spec() or {}):
            with suppress(OSError):  # forgotten together with its release
                Secret(path.read_bytes().decode(errors="surrogateescape"))

    def _handed(self, spec: dict[str, Any]) -> Iterator[Path]:
        """Files that hold secrets of it: those that it was told of, and all in its own folder."""
        own = self.path.parent.parent / "secrets"
        yield from (Path(path) for path in spec.get("env", {}).values() if path.startswith(f"{own}/"))
        yield from map(Path, spec.get("secret_env", {}).values())
        if spec.get("image"):  # a container sees them in a place of its own
            here = own / spec["release"] / spec["service"] / "current"
            yield from (Path(folder, name) for folder, _, names in os.walk(here) for name in names)

    def health(self) -> Health:
        """Its health check."""
        return from_data(Health, (self.spec() or {}).get("health", {}))

    def stop(self) -> Stop:
        """How it is ended."""
        return from_data(Stop, (self.spec() or {}).get("stop", {}))

    def starts(self) -> Starts:
        """How often it was started, and the mark of the last start."""
        return read_starts(self.starts_file)

    def process(self) -> Process | None:
        """The living process of the last start."""
        return processes.from_mark(self.starts().last)

    def verify(self, *marks: str) -> None:
        """Write down that the start with these marks is ready."""
        write_file(self._verified, "\n".join(marks))

    def verified(self, mark: str) -> bool:
        """Whether this very start is the one that was found ready."""
        try:
            return mark != "" and mark in self._verified.read_text(errors="replace").split("\n")
        except FileNotFoundError:
            return False

    def address(self) -> str:
        """Where this machine reaches it; empty for a container that it does not reach."""
        try:
            return (self.path / "address").read_text()
        except FileNotFoundError:
            return "" if (self.spec() or {}).get("image") else LOOPBACK

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
    return tuple(InstanceFolder(path) for path in listed(parent) if path.is_dir())
