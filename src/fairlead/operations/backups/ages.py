"""How old the last backup and the last drill that went well are, as the ledger has them; what a deployment may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fairlead.ledger import Ledger
from fairlead.operations.checks.check import Check, failed, ok, warning
from fairlead.project.stack import Stack
from fairlead.system import clock
from fairlead.system.home import Place

KINDS = ("backup.made", "drill.done")
DAY, HOUR = 86400.0, 3600.0


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds since the last one of a store; None: there was none."""

    backup: float | None = None
    drill: float | None = None


def ages(place: Place, store: str) -> Ages:
    """What the ledger says. A drill that found something wrong does not count."""
    if not place.exists():
        return Ages()
    last: dict[str, str] = {}
    with Ledger.read(place.ledger) as ledger:
        for entry in ledger.entries(kinds=KINDS):
            if entry.data.get("store") == store and entry.data.get("ok", True):
                last[entry.kind] = entry.time
    return Ages(_since(last.get("backup.made")), _since(last.get("drill.done")))


def _since(time: str | None) -> float | None:
    return (clock.now() - datetime.fromisoformat(time)).total_seconds() if time else None


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of each store with backups: whether what `deploy.require` asks for is so, and whether drills are due."""
    for store in (one for one in stack.stores if one.backup is not None):
        found = ages(place, store.name)
        again = f"{stack.environment} {store.name}"
        yield from _one(f"backup of {store.name}", found.backup, stack.require.backup, f"fairlead backup now {again}")
        asked, every = stack.require.drill, store.drill.every if store.drill else None
        yield from _one(f"drill of {store.name}", found.drill, asked, f"fairlead db drill {again}", every)


def _one(name: str, age: float | None, asked: float | None, how: str, every: float | None = None) -> Iterator[Check]:
    shown = "there was none that went well" if age is None else f"the last one is {span(age)} old"
    if asked is not None and (age is None or age > asked):
        yield failed(name, f"{shown}, and a deployment asks for one that is not older than {span(asked)}", how)
    elif every is not None and (age is None or age > every):
        yield warning(name, f"{shown}, and one is due every {span(every)}", how)
    elif asked is not None or every is not None:
        yield ok(name, shown)


def span(seconds: float) -> str:
    """In words: `3 days`, `5 h`, `12 min`."""
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / HOUR:.0f} h" if seconds >= 2 * HOUR else f"{seconds / 60:.0f} min"
