"""How old the last backup and the last drill that went well are, as the ledger has them; what a deployment may ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.ledger import Entry, Ledger
from fairlead.operations.backups.due import BUSY
from fairlead.system import clock
from fairlead.system.home import Place

MADE, FAILED, VERIFIED, DRILLED = "backup.made", "backup.failed", "backup.verified", "drill.done"
KINDS = (MADE, FAILED, VERIFIED, DRILLED)
DAY, HOUR = 86400.0, 3600.0


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds since the last one of a store that is good; None: there was none."""

    backup: float | None = None
    drill: float | None = None
    wrong: str = ""  #: why the last one failed; empty when it did not


@dataclass
class _Seen:
    """What the ledger says of one store. Times are as it writes them."""

    made: dict[str, str] = field(default_factory=dict)  #: when, by id
    backups: dict[str, str] = field(default_factory=dict)  #: those of them that have all that is declared
    damaged: set[str] = field(default_factory=set)
    drills: list[tuple[str, str]] = field(default_factory=list)  #: that went well, and as of when what they tried was
    wrong: dict[str, str] = field(default_factory=dict)  #: why the last one failed, by what it was

    def take(self, entry: Entry) -> None:
        """Entries come the oldest first. Who found another one at it has not failed: that is tried again."""
        if entry.data.get("why") == BUSY:
            return
        id, good = str(entry.data.get("id", "")), bool(entry.data.get("ok", True))
        if entry.kind == MADE:
            lacks = ", ".join(entry.data.get("missing") or ())
            self.wrong[MADE] = f"the last backup is without {lacks}: declared, and not there" if lacks else ""
            self.made[id] = entry.time
            if not lacks:
                self.backups[id] = entry.time
        elif entry.kind == FAILED:
            self.wrong[MADE] = f"the last backup failed: {entry.data.get('reason')}"
        elif entry.kind == DRILLED:
            self._drilled(entry, good)
        if entry.kind == VERIFIED or (entry.kind == DRILLED and (good or entry.data.get("damaged"))):
            (self.damaged.discard if good else self.damaged.add)(id)

    def _drilled(self, entry: Entry, good: bool) -> None:
        of = str(entry.data.get("moment") or self.made.get(str(entry.data.get("id")), entry.time))
        self.drills += [(entry.time, of)] if good else []
        self.wrong[DRILLED] = "" if good else f"the last drill failed: {'; '.join(entry.data.get('wrong') or ())}"

    def ages(self, seen: Seen) -> Ages:
        """Now."""
        there = self.backups if seen.there is None else self.backups.keys() & seen.there
        good = [self.backups[id] for id in there if id not in self.damaged]
        drills = [at for at, of in self.drills if seen.old is None or _between(of, at) <= seen.old]
        wrong = "; ".join(filter(None, self.wrong.values()))
        return Ages(_since(good), _since(drills), wrong)


@dataclass(frozen=True, slots=True)
class Seen:
    """What counts besides what the ledger says."""

    there: Collection[str] | None = None  #: ids of the backups that are there still; None: nobody has looked
    old: float | None = None  #: seconds that what was tried may have been old then; None: nobody asks


ALL = Seen()


def ages(place: Place, stores: Collection[str], seen_now: Seen = ALL) -> dict[str, Ages]:
    """What the ledger says, by store. A drill that found something wrong does not count, nor what was found damaged,
    nor what lacks a database that is declared.
    """
    if not stores or not place.exists():
        return dict.fromkeys(stores, Ages())
    seen = {name: _Seen() for name in stores}
    with Ledger.read(place.ledger) as ledger:
        for entry in ledger.entries(kinds=KINDS):
            if one := seen.get(str(entry.data.get("store"))):
                one.take(entry)
    return {name: one.ages(seen_now) for name, one in seen.items()}


def _between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def _since(times: Iterable[str]) -> float | None:
    """Seconds since the last of them; what was noted while the clock was far ahead does not count."""
    now = clock.now()
    passed = [(now - datetime.fromisoformat(time)).total_seconds() for time in times]
    return min((max(one, 0.0) for one in passed if one > -HOUR), default=None)


def span(seconds: float) -> str:
    """In words: `3 days`, `5 h`, `12 min`."""
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / HOUR:.0f} h" if seconds >= 2 * HOUR else f"{seconds / 60:.0f} min"
