"""Checks of the machine: programs of the engine, disk, memory, clock, limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.system import clock, machine
from fairlead.system.files import free_bytes

MIB = 1 << 20
DISK_FAIL, DISK_WARN = 200 * MIB, 1024 * MIB
MEMORY_WARN = 300 * MIB
FILES_WARN = 1024
YEARS = range(2024, 2100)


def examine(home: Path) -> Iterator[Check]:
    """`home` is where the state lies."""
    yield _engine()
    yield disk(free_bytes(home), home)
    yield memory(machine.available_memory())
    yield clock_set(clock.now())
    yield files(machine.open_files_limit())


def _engine() -> Check:
    from fairlead.edges.traefik.edge import traefik_binary  # noqa: PLC0415 — a runtime's own need

    if find_spec("supervisor") is None:
        return failed("engine", "supervisor is not installed", "pip install 'fairlead[embedded]'")
    try:
        return ok("engine", f"supervisor, {traefik_binary()}")
    except FairleadError as error:
        return failed("engine", error.message, error.hint or "")


def disk(free: int, where: Path) -> Check:
    """`free` in bytes."""
    text = f"{free // MIB} MiB free for {where}"
    if free < DISK_FAIL:
        return failed("disk", text, f"free some space; {DISK_FAIL // MIB} MiB are needed")
    return warning("disk", text, "free some space soon") if free < DISK_WARN else ok("disk", text)


def memory(available: int | None) -> Check:
    """`available` in bytes, None when it is not known."""
    if available is None:
        return ok("memory", "not known on this system")
    text = f"{available // MIB} MiB available"
    hint = "old and new instances run side by side for a while; fewer replicas, or more memory"
    return warning("memory", text, hint) if available < MEMORY_WARN else ok("memory", text)


def clock_set(now: datetime) -> Check:
    """Certificates, history and rollback windows need a clock that is about right."""
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year not in YEARS:
        return warning("clock", f"the clock says {text}", "set it, and keep it right with NTP")
    return ok("clock", text)


def files(limit: int) -> Check:
    """Each connection at the edge takes two."""
    text = f"{limit} open files per process"
    return warning("limits", text, "ulimit -n 65536") if limit < FILES_WARN else ok("limits", text)
