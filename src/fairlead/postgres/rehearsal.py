"""What came of running the pending migrations on a copy: locks, rewrites, times, and which queries break. Pure.

A lock counts from the start of the statement that takes it to the end of its transaction: for so long everybody waits.
What may be waited for is `lock_timeout`, which is the project's own word for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from fairlead.postgres.files import Migration
from fairlead.postgres.undo_proof import prints_of

READERS = frozenset({"AccessExclusiveLock"})
WRITERS = frozenset({"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"})


class Verdict(StrEnum):
    """The worst of it."""

    FIT = "fit"
    SLOW = "slow"  #: somebody waits for longer than lock_timeout
    BREAKS = "breaks"  #: queries of the release that runs no longer work
    FAILS = "fails"  #: a migration does not run


@dataclass(frozen=True, slots=True)
class Lock:
    """One that a statement took first on what was there before. `table` is quoted, with its schema."""

    table: str
    mode: str  #: as pg_locks has it


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A table or an index whose file is another one afterwards."""

    name: str
    bytes: int  #: of it before, with all that belongs to it


@dataclass(frozen=True, slots=True)
class Seen:
    """One statement, as it ran. `transaction`: statements that share it have the same number; 0: it ran alone."""

    file: str
    line: int
    text: str  #: cut to one line
    ms: float
    rows: int
    transaction: int
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    predicted: str = ""  #: of one that ran alone, whose locks were gone before anybody could look: by its words


@dataclass(frozen=True, slots=True)
class Wait:
    """For how long whom a lock keeps out."""

    file: str
    table: str
    mode: str
    ms: float
    bytes: int

    @property
    def whom(self) -> str:
        """In words."""
        return "reads or writes" if self.mode in READERS else "writes"


@dataclass(frozen=True, slots=True)
class Broken:
    """A query of the release that runs, which does not go with the new schema."""

    query: str
    why: str
    calls: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Of one database. `prints` are of the files that ran, in order: of others it says nothing."""

    database: str
    base: str | None  #: the version before
    prints: tuple[tuple[str, str], ...]  #: script, SHA-256 of what it runs
    source: str  #: of the copy
    at: str  #: when
    patience: float  #: seconds that somebody may wait
    seen: tuple[Seen, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)  #: bytes of tables that were locked
    tried: int = 0  #: queries
    broken: tuple[Broken, ...] = ()
    unseen: str = ""  #: why no query was tried
    failure: str = ""  #: of the migration that does not run
    schema: str = ""  #: print of the live schema that was copied; empty: of no live one

    def waits(self) -> tuple[Wait, ...]:
        """What keeps others out, the longest first."""
        found = {(one.file, one.table, one.mode): one for one in reversed(list(self._each()))}
        return tuple(sorted(found.values(), key=lambda one: -one.ms))

    def _each(self) -> Iterator[Wait]:
        for at, step in enumerate(self.seen):
            rest = (one.ms for one in self.seen[at:] if one.transaction == step.transaction)
            total = round(sum(rest), 3)
            for lock in step.locks:
                if lock.mode in READERS | WRITERS:
                    yield Wait(step.file, lock.table, lock.mode, total, self.sizes.get(lock.table, 0))

    @property
    def slow(self) -> tuple[Wait, ...]:
        """Those that are longer than may be."""
        return tuple(one for one in self.waits() if one.ms > self.patience * 1000)

    @property
    def verdict(self) -> Verdict:
        """The worst of it."""
        if self.failure:
            return Verdict.FAILS
        if self.broken:
            return Verdict.BREAKS
        return Verdict.SLOW if self.slow else Verdict.FIT

    @property
    def why(self) -> str:
        """In one line; empty where all is well."""
        waits = (f"nobody {one.whom} {one.table} for {one.ms:.0f} ms ({one.file})" for one in self.slow)
        queries = (f"a query of the release that runs breaks: {one.why}" for one in self.broken)
        return "; ".join(filter(None, (self.failure, *queries, *waits)))

    def to_data(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self) | {
            "verdict": self.verdict.value,
            "why": self.why,
            "prints": [list(it) for it in self.prints],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rehearsal:
        """What `to_data` made. KeyError or TypeError for anything else."""
        given = {key: value for key, value in data.items() if key not in ("verdict", "why")}
        given["prints"] = tuple((script, print_) for script, print_ in data["prints"])
        given["seen"] = tuple(_seen(one) for one in data["seen"])
        given["broken"] = tuple(Broken(**one) for one in data["broken"])
        return cls(**given)


def _seen(data: Mapping[str, Any]) -> Seen:
    locks = tuple(Lock(**one) for one in data["locks"])
    return Seen(**(dict(data) | {"locks": locks, "rewrites": tuple(Rewrite(**one) for one in data["rewrites"])}))


def prints(some: Sequence[Migration]) -> tuple[tuple[str, str], ...]:
    """Of files in the order in which they run."""
    return tuple((one.script, prints_of(one, None)[0]) for one in some)


def unfit(found: Rehearsal | None, age: float | None, most: float) -> str:
    """Why a deployment must not begin with this rehearsal of its migrations; empty when it may. Times are seconds."""
    if found is None or age is None:
        return "its pending migrations were not rehearsed"
    if age > most:
        return f"its pending migrations were rehearsed {age / 3600:.1f} h ago, and {most / 3600:g} h is the most"
    if found.verdict is not Verdict.FIT:
        return f"the rehearsal of its pending migrations says {found.verdict.value}: {found.why}"
    return ""


def rehearsal_of(database: str, wanted: tuple[tuple[str, str], ...], kept: Iterable[Rehearsal]) -> Rehearsal | None:
    """The last one of just these `prints`, in this order; None where there was none."""
    found = None
    for one in kept:
        if (one.database, one.prints) == (database, wanted):
            found = one
    return found
