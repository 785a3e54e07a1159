"""Small helpers for tests with real processes: wait for an event, find processes, take a port, end what was started."""

import os
import signal
import subprocess
import time
from pathlib import Path

from fairlead.demo.sandbox import free_port
from fairlead.system import processes

PATIENCE = 90  # seconds; it costs nothing while all is well, and several suites may share two cores

__all__ = ["PATIENCE", "environment_of", "eventually", "facts", "free_port", "kill_group", "processes_with"]


def eventually(check, seconds=PATIENCE, every=0.05):
    """The first truthy result of `check`; AssertionError with its last result when none comes."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(every)
    return found


def processes_with(text):
    """Every living process whose command line, working folder or environment names `text`."""
    return {pid for pid in processes._pids() if pid != os.getpid() and text in facts(pid) and processes.look(pid)}


def facts(pid):
    """Command line, environment and working folder of a process as one text."""
    found = []
    for name in ("cmdline", "environ"):
        try:
            found.append(Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b"\n").decode(errors="replace"))
        except OSError:
            pass
    return "\n".join(found)


def environment_of(pid):
    """The environment a process was started with."""
    raw = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(entry.split("=", 1) for entry in raw.split("\0") if "=" in entry)


def kill_group(process: subprocess.Popen):
    """End a child of ours and its group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
