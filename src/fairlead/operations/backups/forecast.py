"""How long it will take to recover when the data goes on growing as it did: known before it is too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.backups.catalogue import Backup
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.report import Report
from fairlead.system import clock

DAYS = 90
DAY = 86400.0
LEAST = 7.0  #: days between two backups of which a growth is believed
GROWING = ("prepare", "restore", "verify", "check")
"""The phases that take longer with more data; the others with more of something else."""


def forecast(it: Arrangement, report: Report) -> dict[str, float] | None:
    """In so many `days`, the `bytes`, and the `rto` in seconds. None while too little is known. Unreachable."""
    if not report.id or report.wrong:
        return None
    alike = [one for one in it.catalogue.all() if one.kind == report.kind and _of_all(one)]
    growth = growth_of([(one.moment, _size(one)) for one in alike], clock.now())
    if growth is None:
        return None
    return expected(report.bytes, growth, report.phases)


def _of_all(one: Backup) -> bool:
    """Its size says how large the data was: of what changed the usual programs say only how much that is."""
    return not one.parent or one.engine != "builtin"


def _size(one: Backup) -> int:
    return sum(part.size for part in one.parts)


def growth_of(sizes: Sequence[tuple[datetime, int]], now: datetime) -> float | None:
    """Bytes a day, from the oldest to the newest, never less than none; None while they are too close."""
    ordered = sorted(one for one in sizes if one[0] <= now)
    if not ordered:
        return None
    (first, before), (last, after) = ordered[0], ordered[-1]
    days = (last - first).total_seconds() / DAY
    return max(0.0, (after - before) / days) if days >= LEAST else None


def expected(size: int, growth: float, phases: dict[str, float], days: int = DAYS) -> dict[str, float]:
    """The time of the phases that grow, with so many bytes more."""
    then = size + growth * days
    more = then / size if size else 1.0
    rto = sum(seconds * (more if name in GROWING else 1.0) for name, seconds in phases.items())
    return {"days": float(days), "bytes": round(then), "rto": round(rto, 3)}
