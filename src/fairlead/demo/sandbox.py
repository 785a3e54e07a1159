"""A project and a FAIRLEAD_HOME of their own in one folder: nothing touches the user's, and nothing of them stays.

What the demo, the benchmarks and the acceptance tests deploy into. `close` ends everything that was started for it,
also after something went wrong, and `running` says whether that is so: asked of the operating system, not of Fairlead.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from fairlead.system import ports, processes, sockets
from fairlead.system.commands import Command, Outcome, run
from fairlead.system.files import remove_tree
from fairlead.system.home import Place
from fairlead.system.processes import Process

PROC = Path("/proc")
ROUNDS = 5  #: times to look for what is left over
GRACE = 5.0  #: seconds what is left over has between SIGTERM and SIGKILL


class Sandbox:
    """A context manager: `with Sandbox(folder, "quickstart") as sandbox: sandbox.fairlead("deploy", "local")`."""

    def __init__(self, folder: Path, name: str, environment: str = "local") -> None:
        """`folder` is made and removed again; `name` is that of the project that will lie in it."""
        self.folder = folder.resolve()  # on macOS the folder for temporary files is a link
        self.project = self.folder / "project"
        self.home = self.folder / "home"
        self.place = Place(self.home / name / environment)
        self.environment = environment
        self.port = free_port()
        self._seen: set[Process] = set()
        self.project.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Where users come in."""
        return f"http://127.0.0.1:{self.port}"

    def copy(self, source: Path, changes: dict[str, str]) -> None:
        """Copy a project, with some texts of its `fairlead.yaml` exchanged; ValueError when one is not there."""
        shutil.copytree(source, self.project, dirs_exist_ok=True)
        self.change(changes)

    def change(self, changes: dict[str, str]) -> None:
        """Exchange texts in `fairlead.yaml`."""
        path = self.project / "fairlead.yaml"
        text = path.read_text()
        for old, new in changes.items():
            if old not in text:
                raise ValueError(f"{path} does not contain {old!r}")
            text = text.replace(old, new)
        path.write_text(text)

    def fairlead(self, *arguments: str, on_line: Callable[[str], None] | None = None) -> Outcome:
        """Run the real command to its end. When `on_line` raises, the command gets SIGKILL on the spot."""
        environment = {**os.environ, "FAIRLEAD_HOME": str(self.home), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        argv = (sys.executable, "-I", "-m", "fairlead", *arguments)
        try:
            return run(Command(argv, self.project, environment), on_line or (lambda line: None))
        finally:
            self._note_started()

    def running(self) -> tuple[Process, ...]:
        """Every process that was started for this sandbox and lives."""
        self._note_started()
        marked = {process for process in self._seen if process.alive()}
        found = {process for pid in _pids_below(self.folder) if (process := processes.look(pid))}
        return tuple(sorted(marked | found, key=lambda process: process.pid))

    def close(self) -> int:
        """End everything and remove the folder. Returns how many processes `fairlead stop` had left over."""
        left: tuple[Process, ...] = ()
        try:
            if self.place.exists():
                self.fairlead("stop", self.environment)
        finally:
            left = self.running()
            self._end_all(left)
            remove_tree(self.folder)
        return len(left)

    def _end_all(self, left: tuple[Process, ...]) -> None:
        """Again while there are some: a command that was killed may have been about to start one."""
        for _ in range(ROUNDS):
            if not left:
                return
            self._end(left)
            left = self.running()

    def _end(self, left: tuple[Process, ...]) -> None:
        """supervisord comes first, by its number: it must not start again what is ended after it."""
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        for process in left:
            if not processes.wait_exit(process, GRACE):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                processes.wait_exit(process, GRACE)

    def _note_started(self) -> None:
        """Remember who was started, by number and start time: the files that say so go when an instance goes."""
        for pattern in ("instances/*/starts", "edge/starts", "keeper/starts"):
            for path in self.place.root.glob(pattern):
                with contextlib.suppress(FileNotFoundError):
                    self._seen.update(filter(None, map(processes.from_mark, path.read_text().splitlines()[-1:])))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.folder.exists():
            self.close()


def free_port() -> int:
    """A port nobody listens on now, on any address: below Fairlead's own range and the kernel's for connections.

    Nobody else is given it meanwhile, in whatever process.
    """
    while True:
        port = random.randrange(10_000, 20_000)  # noqa: S311 - not a secret
        if sockets.bindable(port, "0.0.0.0") and ports.speak_for(port):  # noqa: S104 - asks, does not listen
            return port


def _pids_below(folder: Path) -> set[int]:
    """Processes that work in the folder or were called with a path in it, this one apart."""
    if (PROC / "self").exists():
        found = {int(entry) for entry in os.listdir(PROC) if entry.isdigit() and _is_below(int(entry), folder)}  # noqa: PTH208
    else:
        rows = run(Command(("ps", "-axww", "-o", "pid=,command="))).output.splitlines()
        found = {int(row.split()[0]) for row in rows if f"{folder}/" in row}
    return found - {os.getpid()}


def _is_below(pid: int, folder: Path) -> bool:
    if f"{folder}/" in processes.command_line(pid):
        return True
    try:
        return Path(os.readlink(PROC / str(pid) / "cwd")).is_relative_to(folder)  # noqa: PTH115 - a zombie has none
    except OSError:
        return False
