"""A program that runs beside us while we do something else, its output line by line. It has a process group of its own,
so that all of it ends when it is told to, and so that Ctrl-C on the terminal reaches us first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and with which environment instead of ours."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]


class Child:
    """A running program. `on_line` is called from a thread of its own."""

    def __init__(self, program: Program, on_line: Callable[[str], None]) -> None:
        """Start it. OSError when it cannot be."""
        self._process = subprocess.Popen(
            program.argv, cwd=program.cwd, env=program.env, text=True, errors="replace", bufsize=1,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()

    def _read(self, on_line: Callable[[str], None]) -> None:
        for line in self._process.stdout or ():
            on_line(line.rstrip("\n"))

    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def end(self, number: signal.Signals, grace: float) -> None:
        """Signal the group, wait `grace` seconds, kill what is left of it."""
        self._signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(1)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
