"""How old the last backup and the last drill that went well are, as the ledger has them; what a deployment may ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.ledger import Entry, Ledger
from fairlead.operations.backups.due import BUSY
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.project.stack import Stack, Store
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

    backups: dict[str, str] = field(default_factory=dict)  #: when, by id
    damaged: set[str] = field(default_factory=set)
    drills: list[str] = field(default_factory=list)  #: that went well
    wrong: dict[str, str] = field(default_factory=dict)  #: why the last one failed, by what it was

    def take(self, entry: Entry) -> None:
        """Entries come the oldest first. Who found another one at it has not failed: that is tried again."""
        if entry.data.get("why") == BUSY:
            return
        id, good = str(entry.data.get("id", "")), bool(entry.data.get("ok", True))
        if entry.kind == MADE:
            self.backups[id] = entry.time
            lacks = ", ".join(entry.data.get("missing") or ())
            self.wrong[MADE] = f"the last backup is without {lacks}: declared, and not there" if lacks else ""
        elif entry.kind == FAILED:
            self.wrong[MADE] = f"the last backup failed: {entry.data.get('reason')}"
        elif entry.kind == DRILLED:
            self._drilled(entry, good)
        if entry.kind == VERIFIED or (entry.kind == DRILLED and (good or entry.data.get("damaged"))):
            (self.damaged.discard if good else self.damaged.add)(id)

    def _drilled(self, entry: Entry, good: bool) -> None:
        self.drills += [entry.time] if good else []
        self.wrong[DRILLED] = "" if good else f"the last drill failed: {'; '.join(entry.data.get('wrong') or ())}"

    def ages(self) -> Ages:
        """Now."""
        good = [time for id, time in self.backups.items() if id not in self.damaged]
        wrong = "; ".join(filter(None, self.wrong.values()))
        return Ages(_since(good), _since(self.drills), wrong)


def ages(place: Place, stores: Collection[str]) -> dict[str, Ages]:
    """What the ledger says, by store. A drill that found something wrong does not count, nor what was found damaged."""
    if not stores or not place.exists():
        return dict.fromkeys(stores, Ages())
    seen = {name: _Seen() for name in stores}
    with Ledger.read(place.ledger) as ledger:
        for entry in ledger.entries(kinds=KINDS):
            if one := seen.get(str(entry.data.get("store"))):
                one.take(entry)
    return {name: one.ages() for name, one in seen.items()}


def _since(times: Iterable[str]) -> float | None:
    """Seconds since the last of them; what was noted while the clock was far ahead does not count."""
    now = clock.now()
    passed = [(now - datetime.fromisoformat(time)).total_seconds() for time in times]
    return min((max(one, 0.0) for one in passed if one > -HOUR), default=None)


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of each store with backups: whether what `deploy.require` asks for is so, and whether drills are due."""
    for store in stack.backed_up:
        found = ages(place, (store.name,))[store.name]
        again = f"{stack.environment} {store.name}"
        yield from _smaller(stack, place, store)
        yield from _one(f"backup of {store.name}", found.backup, stack.require.backup, f"fairlead backup now {again}")
        asked, every = stack.require.drill, store.drill.every if store.drill else None
        yield from _one(f"drill of {store.name}", found.drill, asked, f"fairlead db drill {again}", every)


def _smaller(stack: Stack, place: Place, store: Store) -> Iterator[Check]:
    """That fewer are declared than were kept up to now lets nothing go by itself."""
    from fairlead.operations.backups.prune import agreed, policy_of  # noqa: PLC0415 — the keeper only asks for ages

    if not place.exists():
        return
    with Ledger.read(place.ledger) as ledger:
        before = agreed(ledger, store.name)
    if before and policy_of(store).smaller(before):
        what = "`keep` is smaller than it was, and what it lets go stays until you say so"
        hint = f"fairlead backup prune {stack.environment} {store.name} --plan shows it, and without --plan removes it"
        yield warning(f"backups of {store.name}", what, hint)


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
