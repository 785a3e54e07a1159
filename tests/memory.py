"""Temporary folders of the tests in memory, where there is enough of it: they write clusters, environments and ledgers
by the thousand, and each syncs what it writes.

What is there is gone with the run. With TMPDIR set it is where that says, and stays as pytest leaves it. In a container
the machine's memory is not what counts, but what the container may have of it.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

SHARED = Path("/dev/shm")
PREFIX = "fl-"
ENOUGH = 8 << 30  #: bytes; a run takes a quarter of that
FILES = 1 << 20  #: as many can be made there
OLD = 3600.0  #: seconds; what was made since then may be of a run whose process cannot be seen from here
MEMORY, OURS, GROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
LIMITS = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))  # of cgroups 2 and 1


def begin():
    """A folder that is TMPDIR from now on; None where there is not enough, or it was said where they are to be."""
    if "TMPDIR" in os.environ or not _fits():
        return None
    _sweep()
    folder = SHARED / f"{PREFIX}{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        return None
    folder.chmod(0o1777)  # as /tmp is: others than this user run what is in it
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _fits():
    try:
        there = os.statvfs(SHARED)
    except OSError:
        return False
    runs = not there.f_flag & (os.ST_NOEXEC | os.ST_RDONLY) and os.access(SHARED, os.W_OK)
    return runs and there.f_favail >= FILES and min(there.f_bavail * there.f_frsize, free()) >= ENOUGH


def free():
    """Bytes of memory that this process may still have."""
    lines = MEMORY.read_text().splitlines() if MEMORY.exists() else ()
    left = next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)
    for folder in _groups():
        for most, used in LIMITS:
            if (limit := _number(folder / most)) is not None:
                left = min(left, limit - (_number(folder / used) or 0))
    return left


def _groups():
    """The cgroups that this process is in, up to the first one: each of them may be limited."""
    lines = OURS.read_text().splitlines() if OURS.exists() else ()
    for line in lines:
        _, kind, path = line.split(":", 2)
        if kind in ("", "memory"):
            own = Path(path.lstrip("/"))
            for root in (GROUPS, GROUPS / kind):
                yield from (root / one for one in (own, *own.parents))


def _number(file):
    """None where it says nothing, or that there is no limit."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _sweep():
    """What runs have left that were killed."""
    for path in SHARED.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX)
        if number.isdigit() and not Path("/proc", number).exists() and time.time() - path.stat().st_mtime > OLD:
            shutil.rmtree(path, ignore_errors=True)
