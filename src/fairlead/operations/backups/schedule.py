"""When backups are made, pruned and tried: what `backup` and `drill` of stores ask for, as a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.project.stack import Stack, Store

AT = {"hourly": "7 * * * *", "daily": "0 2 * * *", "weekly": "0 2 * * 0", "monthly": "0 2 1 * *"}
CALENDAR = {
    "hourly": "*-*-* *:07:00 UTC", "daily": "*-*-* 02:00:00 UTC", "weekly": "Sun *-*-* 02:00:00 UTC",
    "monthly": "*-*-01 02:00:00 UTC",
}  # fmt: skip
DAY = 86400.0
DRILLS = (("monthly", 28 * DAY), ("weekly", 7 * DAY), ("daily", DAY), ("hourly", 0.0))
"""The most often that is needed for a drill every so many seconds, the rarest first."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is done again and again."""

    name: str  #: of the timer
    every: str  #: hourly, daily, weekly or monthly
    command: tuple[str, ...]  #: behind `fairlead`


def due(stack: Stack) -> tuple[Due, ...]:
    """All of an environment."""
    return tuple(one for store in stack.backed_up for one in _of(stack, store))


def _of(stack: Stack, store: Store) -> Iterator[Due]:
    if store.backup is None:
        return
    environment, name = stack.environment, store.name
    label = f"fairlead-{stack.project}-{environment}-{name}"
    again = ("backup", "now", environment, name, "-m", "schedule")
    physical = store.backup.physical
    if store.backup.logical:
        yield Due(f"{label}-backup", store.backup.logical, (*again, "--logical"))
    if physical and physical.full:
        yield Due(f"{label}-files", physical.full, (*again, "--physical"))
    if physical and physical.differential:
        yield Due(f"{label}-changes", physical.differential, (*again, "--physical", "--differential"))
    if store.backup.logical or physical:
        yield Due(f"{label}-prune", "daily", ("backup", "prune", environment, name, "--careful", "--yes"))
        yield Due(f"{label}-verify", "weekly", ("backup", "verify", environment, name, "--routine"))
    if store.drill:
        every = next(one for one, seconds in DRILLS if store.drill.every >= seconds)
        yield Due(f"{label}-drill", every, ("db", "drill", environment, name))


def cron(wanted: tuple[Due, ...], program: str, file: str) -> str:
    """Lines for crontab(5), in UTC where the system's time is."""
    return "\n".join(f"{AT[one.every]} {' '.join((program, *_shown(one, file)))}" for one in wanted)


def systemd(wanted: tuple[Due, ...], program: str, file: str) -> dict[str, str]:
    """Unit files by name: a service and a timer for each."""
    found = {}
    for one in wanted:
        command = " ".join((program, *_shown(one, file)))
        found[f"{one.name}.service"] = (
            f"[Unit]\nDescription={one.name}\n\n[Service]\nType=oneshot\nExecStart={command}\n"
        )
        found[f"{one.name}.timer"] = (
            f"[Unit]\nDescription={one.name}, {one.every}\n\n[Timer]\nOnCalendar={CALENDAR[one.every]}\n"
            "Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
        )
    return found


def _shown(one: Due, file: str) -> tuple[str, ...]:
    return (*one.command, "--file", file)
