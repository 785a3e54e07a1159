"""Talk to the environment's supervisord over its UNIX socket.

Facts it is built on (supervisord 4.3): its main loop sleeps up to a second unless a request comes in, so whoever
waits asks often; a new supervisord cannot adopt the children of a killed one, so nothing starts automatically.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError
from fairlead.render import supervisord
from fairlead.render.supervisord import Program
from fairlead.supervisor import rpc
from fairlead.supervisor.client import Fault, Rpc
from fairlead.system import processes
from fairlead.system.clock import wait_until
from fairlead.system.commands import Command, run
from fairlead.system.files import write_file
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

BAD_NAME, NOT_RUNNING, ALREADY_STARTED, ALREADY_ADDED = 10, 70, 60, 90
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class ProgramState:
    """A program as supervisord sees it. `state` is supervisord's word: RUNNING, STARTING, BACKOFF, FATAL …"""

    name: str
    state: str
    pid: int
    exit_code: int
    why: str


class Supervisor:
    """The supervisord of one environment."""

    def __init__(self, place: Place) -> None:
        self.folder = place.supervisor
        self.programs_folder = place.supervisor / "programs"
        self._socket = place.socket()
        self._rpc = Rpc(self._socket)

    def alive(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self._rpc.call("getState")["statename"] == "RUNNING")
        except (OSError, Fault):
            return False

    def start(self) -> bool:
        """Have it running; True when it had to be started."""
        if self.alive():
            return False
        lock = FileLock(self.folder / "start.lock")
        lock.acquire("starting supervisord", blocking=True)  # a command and the keeper may find it dead together
        try:
            return not self.alive() and self._start()
        finally:
            lock.release()

    def _start(self) -> bool:
        config = self._write_config()
        self._end_deaf()
        argv = (sys.executable, "-I", "-m", "supervisor.supervisord", "-c", str(config))
        command = Command(argv, cwd=self.folder, env=base_environment(), timeout=30)
        run(command).require("supervisord could not be started")
        if not wait_until(self.alive, 15):
            raise FairleadError(f"supervisord does not answer; see {self.folder / 'supervisord.log'}")
        return True

    def _write_config(self) -> Path:
        if set("*?[") & set(str(self.folder)):
            why = "supervisord takes *, ? and [ in a path for wildcards"
            raise FairleadError(f"{self.folder}: {why}", "set FAIRLEAD_HOME to another folder")
        self.programs_folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "supervisord.conf"
        write_file(config, supervisord.main_file(self._near(self._socket), os.geteuid() == 0, asked=True), 0o600)
        return config

    def _near(self, path: Path) -> Path:
        """A path of the environment as supervisord sees it from its own folder; another one as it is."""
        inside = path.is_relative_to(self.folder.parent)
        return Path(os.path.relpath(path, self.folder)) if inside else path

    def _end_deaf(self) -> None:
        """End a supervisord that lives but does not answer, before another takes its place."""
        if process := self.process():
            os.kill(process.pid, signal.SIGKILL)
            processes.wait_exit(process, 5)

    def process(self) -> processes.Process | None:
        """supervisord itself, as its pid file says; None when that is a stranger's or nobody's number."""
        with contextlib.suppress(OSError, ValueError):
            process = processes.look(int((self.folder / "supervisord.pid").read_text()))
            command = processes.command_line(process.pid) if process else ""
            return process if str(self.folder / "supervisord.conf") in command else None
        return None

    def shutdown(self, seconds: float) -> None:
        """End it and all its programs; returns when it is gone."""
        process = self.process()
        with contextlib.suppress(OSError, Fault):
            self._rpc.call("shutdown")
        if process and not processes.wait_exit(process, seconds):
            os.kill(process.pid, signal.SIGKILL)

    def programs(self) -> dict[str, ProgramState]:
        """Every program it knows; empty when it does not run."""
        try:
            return {row[0]: ProgramState(*row) for row in self._rows()}
        except OSError:
            return {}

    def _rows(self) -> list[Any]:
        try:
            rows: list[Any] = json.loads(self._rpc.call("programs", namespace=rpc.NAMESPACE))
        except Fault as fault:
            if fault.code != rpc.UNKNOWN_METHOD:
                raise
            said = ("name", "statename", "pid", "exitstatus", "spawnerr")  # it was started by an older Fairlead
            rows = [[row[word] for word in said] for row in self._rpc.call("getAllProcessInfo")]
        return rows

    def wake(self) -> None:
        """Have it look at its children now instead of within a second."""
        with contextlib.suppress(OSError, Fault):
            self._rpc.call("getState")

    def add(self, programs: Sequence[Program]) -> None:
        """Make the programs known without touching others; nothing starts."""
        known = self.programs()
        for program in programs:
            argv = tuple(str(self._near(Path(item))) if item.startswith("/") else item for item in program.argv)
            text = supervisord.program_file(replace(program, argv=argv))
            write_file(self._file(program.name), text, 0o600)
        self._rpc.call("reloadConfig")
        for program in programs:
            if program.name not in known:
                self._tolerate("addProcessGroup", program.name, ALREADY_ADDED)

    def begin(self, names: Iterable[str]) -> None:
        """Start programs that do not run; does not wait for them."""
        for name in names:
            self._tolerate("startProcess", name, ALREADY_STARTED, arguments=(False,))

    def end(self, names: Iterable[str]) -> None:
        """Send the stop signal to programs that run; supervisord kills the group after the grace. Does not wait."""
        for name in names:
            self._tolerate("stopProcess", name, NOT_RUNNING, BAD_NAME, arguments=(False,))

    def remove(self, names: Iterable[str]) -> None:
        """Forget stopped programs and their files."""
        for name in names:
            if self.alive():
                self._tolerate("removeProcessGroup", name, BAD_NAME)
            self._file(name).unlink(missing_ok=True)

    def _tolerate(self, method: str, name: str, *faults: int, arguments: tuple[object, ...] = ()) -> None:
        try:
            self._rpc.call(method, name, *arguments)
        except Fault as fault:
            if fault.code not in faults:
                raise FairleadError(f"supervisord: {method} {name}: {fault.text}") from fault

    def _file(self, name: str) -> Path:
        return self.programs_folder / f"{name}.conf"


def launched(spec: Path) -> tuple[str, ...]:
    """The command line that starts what a spec file describes."""
    return (sys.executable, "-I", "-S", str(LAUNCH), str(spec))


def base_environment() -> dict[str, str]:
    """What every program gets of the caller's environment: where to find things, never what it may know."""
    names = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ}
