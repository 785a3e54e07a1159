"""The two clocks: one to write down, one to measure with. A clock set back never shortens or lengthens a wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


def now() -> datetime:
    """Wall clock, UTC."""
    return datetime.now(UTC)


def stamp() -> str:
    """Wall clock as ISO 8601 with microseconds, UTC."""
    return now().isoformat(timespec="microseconds")


def boot_seconds() -> float:
    """Seconds since the machine started, sleep included where the system knows it; the same in every process."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def boot_id() -> str:
    """A name for this start of the machine; `boot_seconds` of two starts must not be compared."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text().strip()
    return str(round((time.time() - boot_seconds()) / 60))  # macOS: the minute it was started in


def wait_until(done: Callable[[], bool], seconds: float, every: float = 0.01, most: float = 0.2) -> bool:
    """Ask `done` until it is true or `seconds` have passed; the pause grows from `every` to `most` seconds."""
    deadline = time.monotonic() + seconds
    pause = every
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(most, pause * 1.5)
    return True
