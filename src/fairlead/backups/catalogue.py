"""What backups there are: one entry for each, written last, so that half a backup is none.

PROJECT/ENVIRONMENT/STORE/ID/backup.json is the entry, beside it lie its parts; verified.json says that it was read
whole, restored.json that it was restored for a trial, damaged.json that something is wrong with it, pinned.json that
a person wants it kept.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from fairlead.backups.destinations.base import Denied, Destination, Gone, Unreachable, get, put
from fairlead.errors import FairleadError, UsageError
from fairlead.project.problem import did_you_mean
from fairlead.project.stack_backup import EngineName
from fairlead.system import clock

ENTRY, VERIFIED, TRIED, DAMAGED = "backup.json", "verified.json", "restored.json", "damaged.json"
PINNED = "pinned.json"
NOBODY_KNOWS = "nobody knows"  #: when or why, of a mark that cannot be read
SET = "set-"  #: how the id of a recovery set begins
Kind = Literal["logical", "physical"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose backups they are."""

    project: str
    environment: str
    store: str

    @property
    def prefix(self) -> str:
        """Where they lie."""
        return f"{self.project}/{self.environment}/{self.store}"

    def __str__(self) -> str:
        return f"{self.store} of {self.project}/{self.environment}"


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a backup."""

    name: str  #: below the backup's own folder
    kind: str  #: globals, database, base, wal, snapshot, volume
    database: str  #: of a database; of a volume its name
    size: int  #: bytes, before encryption
    stored: int  #: bytes, as it lies there
    sha256: str  #: of what lies there


@dataclass(frozen=True, slots=True)
class Backup:
    """One entry. Times are UTC, as in ISO 8601."""

    id: str
    kind: Kind
    owner: Owner
    began: str
    ended: str
    why: str  #: schedule, by hand, before a migration …
    server: str  #: version of PostgreSQL
    system: str  #: its system identifier
    timeline: int
    start_lsn: str
    stop_lsn: str
    recipients: tuple[str, ...]
    parts: tuple[Part, ...]
    facts: dict[str, Any] = field(default_factory=dict)  #: what was in it then, by database
    set: str = ""  #: id of the recovery set that it was made in; empty: it was made alone
    verified: str = ""  #: when it was last read whole; empty: never
    tried: str = ""  #: when it was last restored for a trial; empty: never
    damaged: str = ""  #: when it was found that something is wrong with it
    pinned: str = ""  #: why a person wants it kept; empty: nobody does
    engine: EngineName = "builtin"  #: that made it, of a physical one
    parent: str = ""  #: the id of the full one, without which it is nothing; empty: it is whole

    @property
    def stored(self) -> int:
        """Bytes of all its parts."""
        return sum(one.stored for one in self.parts)

    @property
    def shown_kind(self) -> str:
        """What a person knows it as: a snapshot and volumes are logical ones too."""
        return next((one.kind for one in self.parts if one.kind in ("snapshot", "volume")), self.kind)

    @property
    def moment(self) -> datetime:
        """What it is a copy of: when it ended; of a snapshot, when it was begun."""
        return datetime.fromisoformat(self.ended)

    def of(self, kind: str) -> tuple[Part, ...]:
        """Its parts of that kind."""
        return tuple(one for one in self.parts if one.kind == kind)

    def to_data(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BadEntry:
    """One of which nobody can say what it is. Nothing of it is removed."""

    id: str
    error: FairleadError


@dataclass(frozen=True, slots=True)
class There:
    """What there is, the oldest first."""

    backups: tuple[Backup, ...]
    bad: tuple[BadEntry, ...]


def new_id(now: datetime) -> str:
    """Sorted by time as text, within a second too: `chosen` and `prune` go by it."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{now.microsecond // 16:04x}"


def new_set() -> str:
    """The id of a recovery set that is begun now."""
    return SET + new_id(clock.now())


class Catalogue:
    """The backups of one store."""

    def __init__(
        self, where: Destination, owner: Owner, set: str = "", known: Callable[[], bool] = lambda: False
    ) -> None:
        """`known`: asked, where there is nothing at all, whether there ought to be something."""
        self.where, self.owner, self.set, self.known = where, owner, set, known

    def of_set(self, set: str) -> Catalogue:
        """The same, for those that are made together."""
        return Catalogue(self.where, self.owner, set, self.known)

    def path(self, id: str, name: str) -> str:
        """Of an object of a backup."""
        return f"{self.owner.prefix}/{id}/{name}"

    def add(self, backup: Backup) -> None:
        """From now on it is one. The last thing that is written."""
        put(self.where, self.path(backup.id, ENTRY), _text(backup.to_data() | {"set": self.set}))

    def mark(self, id: str, name: str, when: str) -> None:
        """`name`: VERIFIED, TRIED or DAMAGED. What is verified is not damaged any more, if it ever was."""
        put(self.where, self.path(id, name), _text({"at": when}))
        damaged = self.path(id, DAMAGED)
        if name != DAMAGED and any(item.name == damaged for item in self.where.items(f"{self.owner.prefix}/{id}")):
            self.where.delete(damaged)  # asked first: not everybody who may write may delete

    def pin(self, id: str, when: str, reason: str) -> None:
        """No policy removes it."""
        put(self.where, self.path(id, PINNED), _text({"at": when, "reason": reason}))

    def unpin(self, id: str) -> None:
        """It is as any other."""
        self.where.delete(self.path(id, PINNED))

    def all(self, meant: str = "") -> tuple[Backup, ...]:
        """Those that can be used, the oldest first. Unreachable where all of them are away.

        FairleadError when the entry of the one that is `meant` is damaged, or that of each.
        """
        found = self.look()
        for bad in found.bad:
            if bad.id == meant or not found.backups:
                raise bad.error
        return found.backups

    def look(self) -> There:
        """All of them; one that is damaged is no reason not to use another. Unreachable."""
        marks: dict[str, set[str]] = {}
        for item in self.where.items(self.owner.prefix):
            id, _, name = item.name.removeprefix(f"{self.owner.prefix}/").partition("/")
            marks.setdefault(id, set()).add(name)
        if not marks and self.known():
            raise away(self.where, self.owner)
        backups, bad = list[Backup](), list[BadEntry]()
        for id, names in sorted(marks.items()):
            if ENTRY in names:
                try:
                    backups.append(self._read(id, names))
                except Gone:  # removed while this looks
                    continue
                except Unreachable:
                    raise
                except FairleadError as error:
                    bad.append(BadEntry(id, error))
        return There(tuple(backups), tuple(bad))

    def _read(self, id: str, names: set[str]) -> Backup:
        try:
            backup = _backup(json.loads(get(self.where, self.path(id, ENTRY))))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(id) from error
        if backup.owner != self.owner or backup.id != id:
            raise FairleadError(
                f"{self.where.shown}: {id} is a backup of {backup.owner}, not of {self.owner}", "somebody moved it"
            )
        there = {name: self._mark(id, name) for name in (VERIFIED, TRIED, DAMAGED, PINNED) if name in names}
        at = {name: str(said.get("at", "")) for name, said in there.items()}
        damaged = (at[DAMAGED] or NOBODY_KNOWS) if DAMAGED in at else ""
        pinned = str(there[PINNED].get("reason") or NOBODY_KNOWS) if PINNED in at else ""
        verified, tried = at.get(VERIFIED, ""), at.get(TRIED, "")
        return replace(backup, verified=verified, tried=tried, damaged=damaged, pinned=pinned)

    def _mark(self, id: str, name: str) -> dict[str, Any]:
        """One that cannot be read says no more than that it is there: what is good of it is not believed then."""
        try:
            data: dict[str, Any] = json.loads(get(self.where, self.path(id, name)))
            return data if isinstance(data, dict) else {}
        except (Gone, ValueError):
            return {}

    def _damaged(self, id: str) -> FairleadError:
        what = f"{self.where.shown}: the entry of backup {id} is damaged"
        return FairleadError(what, f"look at it, and remove {self.path(id, ENTRY)}: without it there is no such backup")

    def remove(self, id: str) -> None:
        """The entry first: what is left of a removal that was cut short is no backup, and goes with the next one.

        Where no part may be removed, because they are locked say, the entry is put back: Denied, and it is as it was.
        """
        name = self.path(id, ENTRY)
        parts = [one.name for one in self.where.items(f"{self.owner.prefix}/{id}") if one.name != name]
        entry = self._entry(name)
        self.where.delete(name)
        for number, part in enumerate(parts):
            try:
                self.where.delete(part)
            except Denied:
                if not number and entry is not None:
                    put(self.where, name, entry)
                raise

    def _entry(self, name: str) -> bytes | None:
        try:
            return get(self.where, name)
        except Gone:
            return None

    def discard(self, id: str) -> None:
        """What was written of one that failed goes, where that can be: else the next `prune` takes it."""
        with contextlib.suppress(FairleadError):
            self.remove(id)

    def unfinished(self, before: str) -> tuple[str, ...]:
        """What has no entry and is older than the id `before`: those that made it are gone."""
        there: dict[str, bool] = {}
        for item in self.where.items(self.owner.prefix):
            id, _, name = item.name.removeprefix(f"{self.owner.prefix}/").partition("/")
            there[id] = there.get(id, False) or name == ENTRY
        return tuple(sorted(id for id, whole in there.items() if not whole and id[:1].isdigit() and id < before))


def away(where: Destination, owner: Owner) -> Unreachable:
    """What was kept there is not there."""
    what = f"{where.shown} has nothing of the backups of {owner} that were made there"
    adopt = f"fairlead backup adopt {owner.environment} {owner.store}"
    return Unreachable(what, f"see whether it is mounted, and the right one; if it is a new one on purpose: {adopt}")


def _text(data: object) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()


def _backup(data: dict[str, Any]) -> Backup:
    rest = {key: value for key, value in data.items() if key in Backup.__dataclass_fields__}
    parts = tuple(Part(**one) for one in rest.pop("parts"))
    return Backup(**rest | {"owner": Owner(**rest["owner"]), "recipients": tuple(rest["recipients"])}, parts=parts)


def chosen(backups: tuple[Backup, ...], said: str) -> Backup:
    """One by its id or its recovery set's, by a day (`2026-11-20`: the last until its end) or `latest`. UsageError."""
    if not backups:
        raise UsageError("there is no backup yet", "make one: fairlead backup now")
    if said == "latest":
        return max(backups, key=lambda one: one.moment)
    found = [one for one in backups if said in (one.id, one.set)]
    if found:
        return found[0]
    try:
        day = datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC, hour=23, minute=59, second=59, microsecond=999999)
    except ValueError:
        advice = did_you_mean(said, [one.id for one in backups])
        raise UsageError(f'there is no backup "{said}"{advice}', "an id, a day such as 2026-11-20, or latest") from None
    before = [one for one in backups if one.moment <= day]
    if not before:
        first = min(one.moment for one in backups)
        raise UsageError(f"no backup is that old: the first one is of {first:%Y-%m-%d}", "see fairlead backup list")
    return max(before, key=lambda one: one.moment)


def usable(backups: Sequence[Backup]) -> tuple[Backup, ...]:
    """Those that are not known to be damaged, and of which what they depend on is there and is not either."""
    good = {one.id for one in backups if not one.damaged}
    return tuple(one for one in backups if one.id in good and (not one.parent or one.parent in good))


def spread_of(backups: Sequence[Backup]) -> float:
    """Seconds between the first and the last moment of them."""
    moments = [one.moment for one in backups]
    return (max(moments) - min(moments)).total_seconds()
