"""Programs that outlived a killed supervisord: known by the starts file they left, ended by their process group."""

from __future__ import annotations

import signal
from pathlib import Path

from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import processes
from fairlead.system.processes import Process


def have_starts(starts: Path) -> None:
    """Have the starts file, not empty: a full disk still takes a line in a block that is there."""
    if not starts.exists():
        starts.write_text("# PID START, a line per start\n")


def last_started(starts: Path) -> Process | None:
    """The living process of the last line `PID START`."""
    if not starts.exists():
        return None
    lines = starts.read_text().splitlines()
    return processes.from_mark(lines[-1]) if lines else None


def end_program(supervisor: Supervisor, name: str, starts: Path, grace: float) -> None:
    """Stop a program, whoever looks after it, and wait until its group is gone."""
    process = last_started(starts)
    state = supervisor.programs().get(name)
    if state:
        supervisor.end([name])
    if process:
        if state and state.pid == process.pid:  # else nobody has signalled it: it outlived the one that started it
            processes.wait_exit(process, grace)
        processes.end_group(process, signal.SIGTERM, grace)
    supervisor.wake()
