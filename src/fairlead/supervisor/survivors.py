"""Programs that outlived a killed supervisord: known by the starts file they left, ended by their process group."""

from __future__ import annotations

import signal
from pathlib import Path

from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import processes
from fairlead.system.processes import Process


def last_started(starts: Path) -> Process | None:
    """The living process of the last line `PID START`."""
    if not starts.exists():
        return None
    lines = starts.read_text().splitlines()
    return processes.from_mark(lines[-1]) if lines else None


def end_program(supervisor: Supervisor, name: str, starts: Path, grace: float) -> None:
    """Stop a program, whoever looks after it, and wait until its group is gone."""
    process = last_started(starts)
    if name in supervisor.programs():
        supervisor.end([name])
    if process:
        processes.wait_exit(process, 0 if name not in supervisor.programs() else grace)
        processes.end_group(process, signal.SIGTERM, grace)
    supervisor.wake()
