"""Programs that outlived a killed supervisord: known by the starts file they left, ended by their process group."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import processes
from fairlead.system.processes import Process

_EARLIER = re.compile(rb"# (\d{1,15}) earlier")


@dataclass(frozen=True, slots=True)
class Starts:
    """The starts of a program: how many (its length), and the mark `PID START` of the last one; empty: none."""

    count: int = 0
    last: str = ""

    def __len__(self) -> int:
        return self.count


def have_starts(starts: Path) -> None:
    """Have the starts file, not empty: a full disk still takes a line in a block that is there."""
    if not starts.exists():
        starts.write_text("# 0 earlier; PID START, a line per start\n")


def read_starts(starts: Path) -> Starts:
    """What a starts file says. The launcher keeps it short and counts in its first line what it left out."""
    try:
        lines = starts.read_bytes().split(b"\n")[:-1]
    except OSError:
        return Starts()
    marks = [line for line in lines if not line.startswith(b"#")]
    earlier = _EARLIER.match(lines[0]) if lines else None
    count = len(marks) + (int(earlier[1]) if earlier else 0)
    return Starts(count, marks[-1].decode(errors="replace") if marks else "")


def last_started(starts: Path) -> Process | None:
    """The living process of the last line `PID START`."""
    return processes.from_mark(read_starts(starts).last)


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
