"""Facts about this machine: memory, limits, how long a process runs. None where the system does not say."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from fairlead.system import clock
from fairlead.system.processes import PROC, Process


def running_seconds(process: Process) -> float | None:
    """How long a process runs; Linux counts its start in ticks since the machine started."""
    if not process.started.isdigit():
        return None
    return max(0.0, clock.boot_seconds() - int(process.started) / os.sysconf("SC_CLK_TCK"))


def available_memory() -> int | None:
    """Bytes that can be used without swapping."""
    path = PROC / "meminfo"
    if not path.exists():
        return None
    fields = (line.split() for line in path.read_text().splitlines())
    return next((int(field[1]) * 1024 for field in fields if field[0] == "MemAvailable:"), None)


def memory_kills() -> int:
    """How many processes the kernel has killed since the machine started because there was no memory left for them.

    In the whole machine or in a control group of it (Linux, vmstat); 0 where it does not say.
    """
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def open_files_limit() -> int:
    """How many files and sockets one process may have open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit if limit != resource.RLIM_INFINITY else 1 << 30


def lowest_free_port() -> int:
    """The lowest port a program of this user may listen on."""
    if os.geteuid() == 0:
        return 1
    path = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return int(path.read_text()) if path.exists() else 1024


CGROUP = Path("/sys/fs/cgroup")


def memory() -> int | None:
    """Bytes that this machine has, or that the control group lets us use of it."""
    path = PROC / "meminfo"
    if not path.exists():
        return None
    fields = (line.split() for line in path.read_text().splitlines())
    total = next((int(field[1]) * 1024 for field in fields if field[0] == "MemTotal:"), None)
    limit = _first(CGROUP / "memory.max") or _first(CGROUP / "memory" / "memory.limit_in_bytes")
    return min(total, int(limit)) if total and limit and limit.isdigit() else total


def cores() -> float:
    """Processors that we may use, parts of one too."""
    there = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    quota, _, period = _first(CGROUP / "cpu.max").partition(" ")
    return min(there, int(quota) / int(period)) if quota.isdigit() and period.isdigit() else there


BINARY_FORMATS = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386"}  #: as images call them → as its emulators do


def emulates(architecture: str) -> bool:
    """Whether the kernel has an emulator for programs of that architecture, named as images name it."""
    return _first(BINARY_FORMATS / f"qemu-{_QEMU.get(architecture, architecture)}") == "enabled"


def spinning(path: Path) -> bool | None:
    """Whether the disk that a folder is on turns (Linux, sysfs); None where the system does not say."""
    while not path.exists():
        path = path.parent
    number = path.stat().st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    for place in (device, device.parent):  # of a partition the disk says it
        if said := _first(place / "queue" / "rotational"):
            return said == "1"
    return None


def _first(path: Path) -> str:
    """The first line of a file; empty where there is none."""
    try:
        return path.read_text().strip().splitlines()[0]
    except (OSError, IndexError):
        return ""
