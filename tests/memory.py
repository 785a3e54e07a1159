"""Temporary folders of the tests in memory, where there is enough of it: they write clusters, environments and ledgers
by the thousand, and each syncs what it writes.

What is there is gone with the run. With TMPDIR set it is where that says, and stays as pytest leaves it.
"""

import os
import shutil
import tempfile
from pathlib import Path

SHARED = Path("/dev/shm")
PREFIX = "fl-"
ENOUGH = 8 << 30  #: bytes; a run takes a quarter of that
MEMORY = Path("/proc/meminfo")


def begin():
    """A folder that is TMPDIR from now on; None where there is not enough, or it was said where they are to be."""
    if "TMPDIR" in os.environ or not SHARED.is_dir() or _free() < ENOUGH:
        return None
    _sweep()
    folder = SHARED / f"{PREFIX}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o1777)  # as /tmp is: others than this user run what is in it
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _free():
    lines = MEMORY.read_text().splitlines() if MEMORY.exists() else ()
    free = next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)
    there = os.statvfs(SHARED)
    return min(free, there.f_bavail * there.f_frsize)


def _sweep():
    """What runs have left that were killed."""
    for path in SHARED.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX)
        if number.isdigit() and not Path("/proc", number).exists():
            shutil.rmtree(path, ignore_errors=True)
