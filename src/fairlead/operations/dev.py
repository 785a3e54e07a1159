"""Develop: every service as a plain process in its source folder, restarted when its source changes.

No edge, no release, one instance each. What `prepare` makes is taken from the artifact where the source folder has no
such thing of its own, so that nothing is installed twice and the folder stays clean.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.artifacts.artifact import ArtifactStore
from fairlead.artifacts.files import keep_files
from fairlead.artifacts.origin import owner_text
from fairlead.artifacts.prepare import base_python
from fairlead.errors import FairleadError, UsageError
from fairlead.operations.environment import builds_lock
from fairlead.operations.secrets.supply import Supply, told
from fairlead.operations.stores.ensure import ensure
from fairlead.operations.templates import plain_files
from fairlead.operations.watching import Watch
from fairlead.project.order import levels
from fairlead.project.placeholders import expand
from fairlead.project.project import Project
from fairlead.project.stack import Prepare, Service, Stack
from fairlead.secrets.consumers import path_variables, value_variables
from fairlead.secrets.delivery import deliver, folder_of
from fairlead.system import sockets
from fairlead.system.children import Child, Program
from fairlead.system.files import remove_tree
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

Say = Callable[[str, str], None]  #: service ("" for ourselves), line
DEV = "dev"  #: what the release is called
HANDED = f".{DEV}"  #: the same where secrets are handed over; a deployment to the environment leaves it alone
LOOK = 0.1  #: seconds between two looks at processes and files
GRACE = 5.0  #: the longest a service may take to end; nobody's request is at stake


@dataclass
class Running:
    """One service."""

    service: Service
    folder: Path
    port: int | None = None
    child: Child | None = None
    artifact: Path | None = None  #: the tree with what `prepare` made
    told: bool = False  #: that it ended was said


@dataclass
class Dev:
    """All services of an environment, for as long as somebody develops."""

    project: Project
    stack: Stack
    say: Say
    services: list[Running] = field(default_factory=list)
    watches: dict[Path, Watch] = field(default_factory=dict)
    _building: FileLock | None = None  #: for as long as this runs: no release names what was built for it

    def begin(self) -> None:
        """Start every service, those that others need first."""
        keep_files(self._place.files, DEV, plain_files(self.stack, self.project.root), anew=True)
        self._hand_over()
        for service in _ordered(self.stack):
            folder = (self.project.root / (service.source or ".")).resolve()
            if not folder.is_dir():
                raise UsageError(f"{folder}: the source is not a folder", "correct `source` in the project file")
            running = Running(service, folder, _port(service, self._taken()))
            self.services.append(running)
            self.watches.setdefault(folder, Watch(folder))
            self._start(running)
        if self.stack.jobs:
            self.say("", f"jobs are not run here: {', '.join(job.name for job in self.stack.jobs)}")

    def round(self) -> None:
        """Restart what changed; say what ended."""
        for folder, watch in self.watches.items():
            changed = watch.changed()
            if changed:
                more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
                self.say("", f"{changed[0]}{more} changed")
                for one in (each for each in self.services if each.folder == folder):
                    self._restart(one, changed)
        for one in self.services:
            if one.child and not one.told and (code := one.child.code()) is not None:
                one.told = True
                self.say(one.service.name, f"ended with {code}; it starts again when its source changes")

    def run(self) -> None:
        """Until interrupted."""
        while True:
            self.round()
            time.sleep(LOOK)

    def close(self, grace: float = GRACE) -> None:
        """End everything that was started, what others need last."""
        for one in reversed(self.services):
            self._end(one, grace)
        if self._building:
            self._building.release()
        remove_tree(self._place.secrets / HANDED)

    def _hand_over(self) -> None:
        """The secrets of the environment, as a deployment would; for as long as this runs. Refused, Unavailable."""
        supply = Supply(self.stack, self.project.root, self._place)
        told(supply, lambda _, text: self.say("", text))
        if self.stack.stores:
            self._place.create()
            ensure(supply, lambda _, text: self.say("", text))
        deliver(self._place.secrets, HANDED, self.stack, supply.read())

    @property
    def _place(self) -> Place:
        return Place.of(self.project.name, self.stack.environment)

    def _taken(self) -> set[int]:
        return {one.port for one in self.services if one.port}

    def _restart(self, one: Running, changed: tuple[str, ...]) -> None:
        self._end(one, GRACE)
        if one.artifact and _concerns(one.service.prepare, changed):
            one.artifact = None
        self._start(one)

    def _start(self, one: Running) -> None:
        if not one.service.command:
            self.say("", f"{one.service.name} is not run here: its image knows how it starts")
            return
        try:
            program = self._program(one)
            one.child, one.told = Child(program, lambda line: self.say(one.service.name, line)), False
        except (FairleadError, OSError) as error:
            self.say(one.service.name, f"could not be started: {error}")
            return
        where = f" on http://127.0.0.1:{one.port}" if one.port else ""
        self.say("", f"{one.service.name} started{where}")

    def _end(self, one: Running, grace: float) -> None:
        if one.child:
            one.child.end(signal.Signals[one.service.stop.signal], min(grace, one.service.stop.grace))
            one.child = None

    def _program(self, one: Running) -> Program:
        service = one.service
        values = {
            **self.stack.variables, "FILES": str(self._place.files / DEV),
            "SECRETS": str(self._handed(service)),
            "PROJECT": self.project.name, "ENVIRONMENT": self.stack.environment, "RELEASE": DEV,
            "INSTANCE": f"dev.{service.name}.1", "PYTHON": base_python(), "FAIRLEAD": sys.executable,
            "PORT": str(one.port or ""),
        }  # fmt: skip
        argv = tuple(expand(word, values) for word in shlex.split(service.command))
        env = dict(os.environ) | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"} | self._secret_env(service)
        env |= {name: expand(value, values) for name, value in service.env.items()}
        env |= {"PORT": str(one.port)} if one.port else {}
        if service.prepare and not _there(one.folder, argv[0]):
            argv, env = self._prepared(one, argv, env)
        return Program(argv, one.folder, env)

    def _handed(self, service: Service) -> Path:
        return folder_of(self._place.secrets, HANDED, service.name, self.stack).current

    def _secret_env(self, service: Service) -> dict[str, str]:
        """Variables that name the files of its secrets, and those that hold a value itself."""
        folder = self._handed(service)
        paths = {variable: str(folder / name) for variable, name in path_variables(service, self.stack).items()}
        values = value_variables(service).items()
        return paths | {variable: os.fsdecode((folder / name).read_bytes()) for variable, name in values}

    def _hold_artifacts(self) -> None:
        """A deployment removes what no release names: not what services run of here."""
        if self._building is None:
            self._place.artifacts.mkdir(parents=True, exist_ok=True)
            self._building = FileLock(builds_lock(self._place))
            self._building.acquire(owner_text("fairlead dev"), blocking=True, shared=True)

    def _prepared(
        self, one: Running, argv: tuple[str, ...], env: dict[str, str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """With the programs and modules of the artifact."""
        if one.artifact is None or not one.artifact.is_dir():
            store = ArtifactStore(self._place.artifacts)
            self._hold_artifacts()
            one.artifact = store.ensure(one.folder, one.service.prepare, lambda line: self.say("build", line)).path
        if "/" in argv[0] and (one.artifact / argv[0]).exists():
            argv = (str(one.artifact / argv[0]), *argv[1:])
        modules = one.artifact / "node_modules"
        return argv, env | ({"NODE_PATH": str(modules)} if modules.exists() else {})


def _ordered(stack: Stack) -> tuple[Service, ...]:
    """Those that others need first; workers at the end, as at a switch."""
    first = [service for level in levels(stack) for service in level.services]
    return (*first, *(service for service in stack.services if service not in first))


def _there(folder: Path, word: str) -> bool:
    """Whether the source folder itself has what the command needs."""
    return (folder / word).exists() if "/" in word else (folder / "node_modules").is_dir()


def _concerns(prepare: Prepare | None, changed: tuple[str, ...]) -> bool:
    """Whether one of the changed files is read by `prepare`; without inputs it may read all of them."""
    inputs = prepare.inputs if prepare else ()
    return not inputs or any(path == one or path.startswith(f"{one}/") for path in changed for one in inputs)


def _port(service: Service, taken: set[int]) -> int | None:
    """The one in the project file, or the next that is free."""
    if service.port is None:
        return None
    free = (port for port in range(service.port, 65536) if port not in taken and sockets.bindable(port))
    return next(free, None)
