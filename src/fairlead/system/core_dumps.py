"""No memory of this process on a disk: a core dump would hold every secret that it has read."""

from __future__ import annotations

import sys
from contextlib import suppress

PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Set the soft limit of core files to 0 (setrlimit(2)), for this process and what it starts.

    A program that is started may raise it again: the hard limit stays as it is.
    """
    import resource  # noqa: PLC0415 — not on every system

    with suppress(ValueError, OSError):  # a system that refuses limits; nothing worse than before
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def close_memory() -> None:
    """Have the kernel write no core of this process at all, and let no other process of this user read its memory.

    The limit does not hold where the kernel pipes cores to a program (core(5)); this does (prctl(2), Linux). A
    program that is started later is as it would be without.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 — start-up is part of the product

    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
