"""Processes by identity, not by number: a pid is trusted only together with its start time.

Linux reads /proc; elsewhere (macOS, for the demo) `ps` gives the same facts.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was seen. `started` is what the kernel says of its start, to tell it from a later one."""

    pid: int
    started: str

    @property
    def mark(self) -> str:
        """`PID START`, as it is written down."""
        return f"{self.pid} {self.started}"

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return started(self.pid) == self.started


def from_mark(mark: str) -> Process | None:
    """The living process of a line `PID START`, as the launcher leaves it; None when it is gone or the line is none."""
    number, _, since = mark.partition(" ")
    process = look(int(number)) if _is_pid(number) else None
    return process if process and since in (process.started, "-") else None


def _is_pid(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 11


def started(pid: int) -> str | None:
    """The start mark of the process with that number; None when there is none or it is a zombie."""
    if PROC.joinpath("self").exists():
        return _started_linux(pid)
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, since = shown.stdout.strip().partition(" ")
    return since.strip() if since and not state.startswith("Z") else None


def _started_linux(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in "ZX" else None


def look(pid: int) -> Process | None:
    """The process that has this number now."""
    mark = started(pid)
    return Process(pid, mark) if mark else None


def command_line(pid: int) -> str:
    """The arguments of a process, joined by blanks; empty when it is gone."""
    if PROC.joinpath("self").exists():
        try:
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def group_members(group: int) -> tuple[int, ...]:
    """The pids of a process group, zombies left out."""
    if PROC.joinpath("self").exists():
        return tuple(pid for pid in _pids() if _group(pid) == group)
    shown = subprocess.run(["ps", "-ax", "-o", "pid=,pgid="], capture_output=True, text=True, check=False)
    rows = (line.split() for line in shown.stdout.splitlines())
    return tuple(int(pid) for pid, number in rows if int(number) == group)


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir(PROC) if entry.isdigit()]  # noqa: PTH208 — iterdir is 5x slower here


def _group(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[2]) if fields and fields[0] not in "ZX" else None


def orphans(mark: str) -> tuple[int, ...]:
    """What a group leader that has died left in its group, by the leader's line `PID START`; empty while it lives.

    The kernel gives no process the number of a group that exists. A group that is older than the leader (the machine
    was restarted, numbers began anew) is a stranger's.
    """
    number, _, since = mark.partition(" ")
    if not _is_pid(number) or not since.isdigit() or started(int(number)):
        return ()
    return tuple(pid for pid in group_members(int(number)) if int(started(pid) or 0) >= int(since))


def with_environment(entries: Collection[str]) -> tuple[int, ...]:
    """The pids of the processes whose environment has one of these `NAME=VALUE`, zombies and this process left out.

    Every process inherits it, whatever session it makes for itself; it looks at all there are, so ask seldom.
    """
    found = _with_environment_linux(entries) if PROC.joinpath("self").exists() else _with_environment_ps(entries)
    return tuple(pid for pid in found if pid != os.getpid() and started(pid))


def _with_environment_linux(entries: Collection[str]) -> list[int]:
    wanted, found = {os.fsencode(entry) for entry in entries}, []
    for pid in _pids():
        try:
            environment = (PROC / str(pid) / "environ").read_bytes()
        except OSError:  # gone, or another user's
            continue
        if not wanted.isdisjoint(environment.split(b"\0")):
            found.append(pid)
    return found


def _with_environment_ps(entries: Collection[str]) -> list[int]:
    shown = subprocess.run(["ps", "-Eww", "-axo", "pid=,command="], capture_output=True, text=True, check=False)
    rows = (line.strip().partition(" ") for line in shown.stdout.splitlines())
    return [int(pid) for pid, _, rest in rows if any(f" {entry} " in f"{rest} " for entry in entries)]


def kill(pids: tuple[int, ...], number: signal.Signals = signal.SIGKILL) -> None:
    """A signal to each, SIGKILL unless said otherwise; nothing happens when one is gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def tell(process: Process, number: signal.Signals) -> bool:
    """Send a signal to one that has a handler for it, and whom it does not end. Whether it was sent."""
    if not process.alive() or not _catches(process.pid, number):
        return False
    kill((process.pid,), number)
    return True


def _catches(pid: int, number: signal.Signals) -> bool:
    """Where /proc is not nobody knows."""
    with contextlib.suppress(OSError):
        for line in PROC.joinpath(str(pid), "status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & 1 << number - 1)
    return False


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of the group; nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def end_group(process: Process, stop: signal.Signals, grace: float) -> bool:
    """Stop a group leader and its group: `stop`, up to `grace` seconds, then SIGKILL. True when it went by itself."""
    if process.alive():
        signal_group(process.pid, stop)
        wait_exit(process, grace)
    rest = group_members(process.pid)
    if rest:
        signal_group(process.pid, signal.SIGKILL)
        wait_exit(process, 5.0)
    return not rest


def wait_exit(process: Process, seconds: float) -> bool:
    """Wait until the process has ended, by event where the system has one. True when it has."""
    descriptor = watch(process.pid)
    if descriptor is None:
        return _poll_exit(process, seconds)
    try:
        if not process.alive():
            return True
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return bool(ready)
    finally:
        os.close(descriptor)


def watch(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where there is no such thing or no process."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


@contextlib.contextmanager
def watched(pids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """Descriptors, of which one becomes readable when its process ends; none for what cannot be watched."""
    found = tuple(descriptor for pid in pids if (descriptor := watch(pid)) is not None)
    try:
        yield found
    finally:
        for descriptor in found:
            os.close(descriptor)


def _poll_exit(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass(frozen=True, slots=True)
class Usage:
    """What some processes use together."""

    processes: int
    memory: int  #: bytes that are resident; what they share is counted for each
    cpu: float  #: seconds of processor time since each began


def usage(pids: Collection[int]) -> Usage:
    """Of these processes; those that are gone, and all where `/proc` is not, count as nothing."""
    found = [fields for pid in pids if (fields := _stat(pid))]
    page, tick = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
    memory = sum(int(fields[21]) for fields in found) * page
    return Usage(len(found), memory, round(sum(int(fields[11]) + int(fields[12]) for fields in found) / tick, 2))


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on; nothing where it has gone.

    All there are may be asked, time and again: without a Path, and without a decoder, in a third of the time.
    """
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone, or gone just now, or hidden (hidepid)
        return []
    try:
        return os.read(file, 4096).rpartition(b")")[2].decode().split()
    except ProcessLookupError:
        return []
    finally:
        os.close(file)
