"""Files and history put together: in which state each migration is, and what is wrong. Pure.

The states and the rules are Flyway's (its `MigrationInfoImpl` and `MigrationInfoServiceImpl`). Two differ: files of the
contract folder are never out of order, since they wait for a release to go; and a row that an older or a newer release
of the application left (`future`) is no mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.postgres.files import Files, Migration
from fairlead.postgres.rows import BASELINE, DELETE, OPAQUE_TYPES, SCHEMA, SQL_BASELINE, UNDO_TYPES, Row
from fairlead.postgres.version import Version


class State(StrEnum):
    """Of a file, of a row, or of both."""

    PENDING = "pending"
    HELD = "held"  #: of the contract folder, which was not asked for
    ABOVE_TARGET = "above target"
    BELOW_BASELINE = "below baseline"
    IGNORED = "ignored"  #: older than what was applied
    SUCCESS = "applied"
    OUT_OF_ORDER = "applied out of order"
    FAILED = "failed"
    BASELINE = "baseline"
    MISSING = "missing"  #: applied, and the file is gone
    FUTURE = "future"  #: applied, and newer than every file
    OPAQUE = "opaque"  #: applied by Java or a shell
    UNDONE = "undone"
    DELETED = "deleted"
    OUTDATED = "outdated"  #: runs again, since it changed
    SUPERSEDED = "superseded"  #: ran again later


APPLIED = frozenset({State.SUCCESS, State.OUT_OF_ORDER, State.MISSING, State.FUTURE, State.OPAQUE})


@dataclass(frozen=True, slots=True)
class Entry:
    """A migration as it is: its file, its row, or both."""

    state: State
    migration: Migration | None = None
    row: Row | None = None

    @property
    def version(self) -> Version | None:
        """None for what runs again."""
        return self.row.version if self.row else self.migration.version if self.migration else None

    @property
    def description(self) -> str:
        """As the history has it, else as the file's name has it."""
        return self.row.description if self.row else self.migration.description if self.migration else ""

    @property
    def script(self) -> str:
        """The same."""
        return self.row.script if self.row else self.migration.script if self.migration else ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What keeps migrations from running: where, what, and what helps."""

    script: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    out_of_order: bool = False
    contract: bool = False
    target: Version | None = None
    opaque: frozenset[int] = frozenset()  #: ranks of rows that somebody said are fine without a file
    prints: Mapping[int, str] = field(default_factory=dict)  #: by rank, the fingerprint of the file that ran


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything there is to know about one database. `entries` are in the order in which they ran or will run."""

    entries: tuple[Entry, ...]
    mistakes: tuple[Mistake, ...]
    pending: tuple[Migration, ...]
    current: Version | None  #: the newest version that is applied
    last_rank: int
    baseline: Version | None = None
    rows: tuple[Row, ...] = field(default=(), repr=False)
    prints: Mapping[int, str] = field(default_factory=dict, repr=False)  #: as they were given

    def applied(self) -> tuple[Entry, ...]:
        """Versions that are in force and can be undone, the last one first."""
        found = [one for one in self.entries if one.version and one.state in APPLIED]
        return tuple(sorted(found, key=lambda one: one.row.rank if one.row else 0, reverse=True))


def picture(files: Files, rows: Sequence[Row], wanted: Wanted | None = None) -> Picture:
    """Put files and history together."""
    return _Drawing(files, rows, wanted or Wanted()).done()


class _Drawing:
    def __init__(self, files: Files, rows: Sequence[Row], wanted: Wanted) -> None:
        self.files, self.wanted = files, wanted
        self.rows = sorted(rows, key=lambda row: row.rank)
        self.gone = _gone(self.rows)
        active = [row for row in self.rows if row.version and row.rank not in self.gone and not _says_of_others(row)]
        baselines = [row.version for row in active if row.version and row.type in (BASELINE, SQL_BASELINE)]
        self.baseline = max(baselines, default=None)
        self.current = max((row.version for row in active if row.version), default=None)
        self.active = active
        self.by_version = {one.version: one for one in files.versioned}
        self.newest_file = max((one.version for one in files.versioned if one.version), default=None)

    def done(self) -> Picture:
        repeated = self._repeated_rows()
        entries = [*self._versioned_rows(), *repeated]
        entries.sort(key=lambda one: one.row.rank if one.row else 0)
        entries += self._unapplied(repeated)
        pending = tuple(one.migration for one in entries if one.migration and one.state is State.PENDING)
        last = self.rows[-1].rank if self.rows else 0
        return Picture(tuple(entries), tuple(_mistakes(entries, self.baseline, self.wanted)), pending, self.current,
                       last, self.baseline, tuple(self.rows), self.wanted.prints)  # fmt: skip

    def _versioned_rows(self) -> list[Entry]:
        found, newest = [], None
        for row in self.rows:
            if row.version is None or _says_of_others(row):
                continue
            late = newest is not None and row.version <= newest
            state = self._state(row, late)
            found.append(Entry(state, self._file_of(row), row))
            if row.rank not in self.gone and not late:
                newest = row.version
        return found

    def _file_of(self, row: Row) -> Migration | None:
        if row.type == SQL_BASELINE:
            return next((one for one in self.files.baselines if one.version == row.version), None)
        return None if row.type == BASELINE else self.by_version.get(row.version)

    def _state(self, row: Row, late: bool) -> State:
        if row.rank in self.gone:
            return self.gone[row.rank]
        if not row.success:
            return State.FAILED
        if row.type == BASELINE:
            return State.BASELINE
        if self._file_of(row) is None:
            return self._without_file(row)
        return State.OUT_OF_ORDER if late else State.SUCCESS

    def _without_file(self, row: Row) -> State:
        if row.rank in self.wanted.opaque:
            return State.OPAQUE
        newer = row.version and (self.newest_file is None or row.version > self.newest_file)
        return State.FUTURE if newer else State.MISSING

    def _repeated_rows(self) -> list[Entry]:
        rows = [row for row in self.rows if row.version is None and row.type not in (DELETE, SCHEMA)]
        latest = {row.description: row.rank for row in rows if row.rank not in self.gone}
        by_words = {one.description: one for one in self.files.repeatable}
        return [self._repeated(row, by_words.get(row.description), latest) for row in rows]

    def _repeated(self, row: Row, file: Migration | None, latest: dict[str, int]) -> Entry:
        if row.rank in self.gone:
            return Entry(State.DELETED, file, row)
        if latest.get(row.description) != row.rank:
            return Entry(State.SUPERSEDED, file, row)
        if not row.success:
            return Entry(State.FAILED, file, row)
        if file is None:
            return Entry(State.OPAQUE if row.rank in self.wanted.opaque else State.MISSING, None, row)
        return Entry(State.SUCCESS if same_text(file, row) else State.OUTDATED, file, row)

    def _unapplied(self, repeated: Sequence[Entry]) -> list[Entry]:
        """What is not in the history, in the order in which it will run; changed files that run again too."""
        done = {row.version for row in self.active if row.type not in (BASELINE, SQL_BASELINE)}
        begin = self._first_baseline()
        found = [Entry(State.PENDING, begin)] if begin else []
        limit = max((one for one in (self.baseline, begin.version if begin else None) if one), default=None)
        for one in self.files.versioned:
            if one.version not in done:
                found.append(Entry(self._unapplied_state(one, limit), one))
        current = {one.description for one in repeated if one.state in (State.SUCCESS, State.FAILED)}
        return found + [Entry(State.PENDING, one) for one in self.files.repeatable if one.description not in current]

    def _first_baseline(self) -> Migration | None:
        """The newest B file, where nothing was applied yet: it stands for everything up to its version."""
        if self.active:
            return None
        target = self.wanted.target
        fit = [one for one in self.files.baselines if one.version and (target is None or one.version <= target)]
        return fit[-1] if fit else None

    def _unapplied_state(self, one: Migration, baseline: Version | None) -> State:
        version, target = one.version, self.wanted.target
        assert version is not None  # noqa: S101 — versioned files have one
        if baseline is not None and version <= baseline:
            return State.BELOW_BASELINE
        if target is not None and version > target:
            return State.ABOVE_TARGET
        if one.contract:
            return State.PENDING if self.wanted.contract else State.HELD
        if self.current is not None and version < self.current and not self._may_be_late(version):
            return State.IGNORED
        return State.PENDING

    def _may_be_late(self, version: Version) -> bool:
        """Out of order is allowed, or only files of the contract folder are newer."""
        if self.wanted.out_of_order:
            return True
        newer = [row.version for row in self.active if row.version and row.version > version]
        return all((file := self.by_version.get(one)) is not None and file.contract for one in newer)


def same_text(file: Migration, row: Row) -> bool:
    """Whether what runs again ran with this text."""
    return row.checksum in (file.checksum, file.written_checksum)


def _says_of_others(row: Row) -> bool:
    return row.type == DELETE or row.type in UNDO_TYPES


def _gone(rows: Sequence[Row]) -> dict[int, State]:
    """Ranks that later rows took back. Each takes back the newest one of its version that still stands."""
    gone: dict[int, State] = {}
    for place, row in enumerate(rows):
        if not (_says_of_others(row) and row.success):
            continue
        undone = row.type != DELETE or row.script.rsplit("/", 1)[-1].startswith("U")
        for earlier in reversed(rows[:place]):
            same = earlier.version == row.version and (row.version or earlier.description == row.description)
            if same and not _says_of_others(earlier) and earlier.rank not in gone:
                gone[earlier.rank] = State.UNDONE if undone and row.version else State.DELETED
                break
    return gone


def standing(rows: Sequence[Row]) -> tuple[str, ...]:
    """The files that ran and were not taken back, as a history has them."""
    gone = _gone(rows)
    own = (row for row in rows if row.success and not _says_of_others(row) and row.rank not in gone)
    return tuple(dict.fromkeys(row.script for row in own if row.type not in (BASELINE, SCHEMA)))


def _mistakes(entries: Sequence[Entry], baseline: Version | None, wanted: Wanted) -> list[Mistake]:
    found = []
    for one in entries:
        mistake = _by_state(one)
        above = one.version is None or baseline is None or one.version > baseline
        if mistake is None and one.row and one.migration and above and one.row.rank not in wanted.opaque:
            mistake = _differs(one.migration, one.row, one.state, wanted.prints.get(one.row.rank))
        found += [mistake] if mistake else []
    return found


def _by_state(one: Entry) -> Mistake | None:
    if one.state is State.FAILED:
        what = f"{one.script} failed and was not finished"
        return Mistake(one.script, what, "mend the cause and migrate again; or take its row away: fairlead db repair")
    if one.state is State.MISSING and one.row and one.row.type in OPAQUE_TYPES:
        hint = "if that is as it should be: fairlead db adopt --accept-opaque"
        return Mistake(one.script, f"{one.script} was run by Java or a shell, and no file here stands for it", hint)
    if one.state is State.MISSING and one.version:
        hint = "put the file back; or, if it should be gone, note that: fairlead db repair"
        return Mistake(one.script, f"{one.script} was applied and its file is gone", hint)
    if one.state is State.IGNORED:
        hint = "give it a version above all that is applied, or set `out_of_order: true` under `migrate`"
        return Mistake(one.script, f"{one.script} was not applied, and newer versions were", hint)
    return None


def _differs(file: Migration, row: Row, state: State, print_: str | None) -> Mistake | None:
    if state not in (State.SUCCESS, State.OUT_OF_ORDER):
        return None
    hint = "put back what was applied and write the change as a new version; or accept it: fairlead db repair"
    if row.type not in ("SQL", SQL_BASELINE):
        return Mistake(file.script, f"{file.script} is SQL, and was applied as {row.type}", hint)
    if file.version and row.checksum != file.checksum:
        text = f"{file.script} was changed after it was applied (checksum {row.checksum}, now {file.checksum})"
        return Mistake(file.script, text, hint)
    if row.description != file.description:
        text = f'{file.script} was applied as "{row.description}" and is now "{file.description}"'
        return Mistake(file.script, text, hint)
    if file.version and print_ is not None and print_ != file.fingerprint:
        text = f"{file.script} was changed after it was applied, in a way that Flyway's checksum does not show"
        return Mistake(file.script, text, hint)
    return None
