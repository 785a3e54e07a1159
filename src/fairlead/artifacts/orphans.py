"""End what a killed build left running.

The commands of a build live in their own sessions, so they outlive a deployer that is killed with SIGKILL and would go
on writing into the folder the next build uses. Their environment carries the folder's name, and every process they
start inherits it: that is how they are known, wherever they work and whoever their parent is now.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from fairlead.system.commands import Command, run
from fairlead.system.processes import PROC, Process, look, wait_exit

MARK = "FAIRLEAD_BUILD"  #: environment variable of every command of a build; its value is the folder


def end_orphans(folder: Path) -> int:
    """Kill every process that builds in `folder` and wait until it is gone. Call it with the build's lock held."""
    ended = 0
    for process in list(_builders(folder)):
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        wait_exit(process, 5.0)
        ended += 1
    return ended


def _builders(folder: Path) -> Iterator[Process]:
    mark = f"{MARK}={folder}"
    for pid in _marked_linux(mark) if sys.platform == "linux" else _marked_elsewhere(mark):
        process = look(pid)
        if process is not None and pid != os.getpid():
            yield process


def _marked_linux(mark: str) -> Iterator[int]:
    wanted = os.fsencode(mark)
    for name in os.listdir(PROC):  # noqa: PTH208 - iterdir is 5x slower here
        if not name.isdigit():
            continue
        try:
            environment = (PROC / name / "environ").read_bytes()
        except OSError:  # gone, or another user's
            continue
        if wanted in environment.split(b"\0"):
            yield int(name)


def _marked_elsewhere(mark: str) -> Iterator[int]:
    shown = run(Command(("ps", "-Eww", "-axo", "pid=,command=")))
    for line in shown.output.splitlines():
        pid, _, rest = line.strip().partition(" ")
        if f" {mark} " in f"{rest} " and pid.isdigit():
            yield int(pid)
