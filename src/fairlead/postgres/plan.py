"""What will be done to a database, as data: made from files and history alone, printed and then carried out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fairlead.errors import ConfigurationError, Finding, Refused, UsageError
from fairlead.postgres.files import Files, Migration
from fairlead.postgres.picture import Entry, Mistake, Picture, State
from fairlead.postgres.rows import BASELINE, DELETE, SQL, SQL_BASELINE, UNDO_SQL, Row
from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import forbidden, index_of, needs_no_transaction
from fairlead.postgres.version import Version

Act = Literal["create", "run", "undo", "callback", "baseline", "remove", "delete", "realign"]
Mode = Literal["transaction", "statements"]

RUNS = ("run", "undo", "callback")


@dataclass(frozen=True)
class Step:
    """One thing to do. `mode`: the file as one transaction with its row, or statement by statement, each journalled."""

    act: Act
    script: str
    what: str  #: in words
    mode: Mode = "transaction"
    migration: Migration | None = field(default=None, repr=False)
    row: Row | None = None  #: to be written; for remove, the one to go
    first: int = 0  #: statements that an earlier run has done
    again: bool = False  #: the row is there already, as failed
    before: tuple[Migration, ...] = field(default=(), repr=False)  #: callbacks, in its transaction
    after: tuple[Migration, ...] = field(default=(), repr=False)
    on_error: tuple[Migration, ...] = field(default=(), repr=False)

    def as_data(self) -> dict[str, Any]:
        """For machines."""
        data: dict[str, Any] = {"act": self.act, "script": self.script, "what": self.what}
        if self.migration and self.act in RUNS:
            version = str(self.migration.version) if self.migration.version else None
            data |= {"mode": self.mode, "statements": len(self.migration.statements), "version": version}
            data |= {"done_before": self.first} if self.again else {}
        return data


@dataclass(frozen=True)
class Plan:
    """Steps in order, and what is called when one of them fails."""

    steps: tuple[Step, ...] = ()
    on_error: tuple[Migration, ...] = field(default=(), repr=False)

    def files(self) -> tuple[Migration, ...]:
        """What will be run, callbacks apart."""
        return tuple(one.migration for one in self.steps if one.migration and one.act in ("run", "undo"))


Journal = Mapping[int, Sequence[tuple[str, bool]]]
"""By rank: of each statement that was begun, its fingerprint and whether it is known to be done."""


def plan_migrate(files: Files, picture: Picture, journal: Journal, history: bool = True) -> Plan:
    """Run what is pending, and go on with what was interrupted.

    Refused where files and history do not agree; ConfigurationError where a file cannot be run.
    """
    resumed = [step for one in picture.entries if (step := _resumed(one, journal, files)) is not None]
    going_on = {step.script for step in resumed}
    refuse(tuple(one for one in picture.mistakes if one.script not in going_on))
    rank = picture.last_rank
    fresh = []
    for number, one in enumerate(picture.pending, rank + 1):
        fresh.append(_run(one, _row(one, number), files))
    check(tuple(step.migration for step in (*resumed, *fresh) if step.migration))
    return _with_callbacks([*resumed, *fresh], files, history)


def refuse(mistakes: Sequence[Mistake]) -> None:
    """Refused with all of them."""
    if mistakes:
        raise Refused("; ".join(one.message for one in mistakes), mistakes[0].hint)


def _row(one: Migration, rank: int) -> Row:
    kind = SQL_BASELINE if one.kind == "baseline" else SQL
    return Row(rank, one.version, one.description, kind, one.script, one.checksum)


def _run(one: Migration, row: Row, files: Files, first: int = 0, again: bool = False) -> Step:
    mode = mode_of(one)
    what = f"{_name(one)}: {_size(one, first)}"
    return Step("run", one.script, what, mode, one, row, first, again, files.of("beforeEachMigrate"),
                files.of("afterEachMigrate"), files.of("afterEachMigrateError"))  # fmt: skip


def _name(one: Migration) -> str:
    return f"version {one.version}" if one.version else f'"{one.description}", which runs again when it changes'


def _size(one: Migration, first: int = 0) -> str:
    number = len(one.statements)
    count = f"{number} statement{'' if number == 1 else 's'}"
    if mode_of(one) == "transaction":
        return f"{count} in one transaction"
    return f"{count}, each by itself" + (f", from number {first + 1} on" if first else "")


def mode_of(one: Migration) -> Mode:
    """As its `.conf` says, else as its statements need."""
    if one.options.in_transaction is not None:
        return "transaction" if one.options.in_transaction else "statements"
    return "statements" if any(needs_no_transaction(statement) for statement in one.statements) else "transaction"


def _resumed(entry: Entry, journal: Journal, files: Files) -> Step | None:
    """A file of which some statements were done: the rest of it, where those are the same still."""
    row, one = entry.row, entry.migration
    if entry.state is not State.FAILED or row is None or one is None or row.rank not in journal:
        return None
    done = [print_ for print_, known in journal[row.rank] if known]
    begun = [print_ for print_, _ in journal[row.rank]]
    now = [statement_print(statement) for statement in one.statements]
    if now[: len(done)] != done:
        return None
    if len(begun) > len(done) and now[len(done) : len(done) + 1] != begun[len(done) :]:
        begun = begun[: len(done)]  # that one failed, and was mended in the file
    return _run(one, replace(_row(one, row.rank), by=row.by), files, len(done), again=True)


def statement_print(statement: Statement) -> str:
    """SHA-256 of a statement, 64 hex digits."""
    import hashlib  # noqa: PLC0415 — only when something is planned

    return hashlib.sha256(f"{statement.text}\0{statement.data or ''}".encode()).hexdigest()


def check(files: Sequence[Migration]) -> None:
    """ConfigurationError with every statement that cannot be run as it stands."""
    findings = [finding for one in files for finding in _unfit(one)]
    if findings:
        raise ConfigurationError(findings)


def _unfit(one: Migration) -> list[Finding]:
    found = []
    for statement in one.statements:
        why = forbidden(statement)
        if why is None and one.options.in_transaction and needs_no_transaction(statement):
            why = "PostgreSQL runs this outside of transactions only, and the file's .conf asks for one"
        index = index_of(statement)
        if why is None and index is not None and index.name is None:
            why = "an index that is built CONCURRENTLY needs a name here, so that a failed one can be found"
        if why is not None:
            found.append(Finding(one.shown, statement.line, statement.column, "", why))
    return found


def _with_callbacks(runs: list[Step], files: Files, history: bool) -> Plan:
    steps = [] if history else [Step("create", "", "the table of the history")]
    steps += _called(files, "beforeMigrate")
    versioned = [step for step in runs if step.migration and step.migration.version]
    repeated = [step for step in runs if step not in versioned]
    steps += versioned
    steps += _called(files, "afterVersioned") if versioned else []
    steps += [*(_called(files, "beforeRepeatables") if repeated else []), *repeated]
    steps += _called(files, "afterMigrateApplied") if runs else []
    steps += _called(files, "afterMigrate")
    plan = Plan(tuple(steps) if runs or len(steps) > (not history) else (), files.of("afterMigrateError"))
    check(tuple(one.migration for one in plan.steps if one.migration and one.act == "callback"))
    return plan


def _called(files: Files, event: str) -> list[Step]:
    return [Step("callback", one.script, f"{event}: {_size(one)}", mode_of(one), one) for one in files.of(event)]


def plan_undo(files: Files, picture: Picture, to: Version | None, steps: int, undo_type: str = DELETE) -> Plan:
    """Take back the last `steps` versions, or all above `to`. Refused where one has no U file or is no SQL."""
    refuse(picture.mistakes)
    standing = picture.applied()
    if to is not None and to not in {one.version for one in standing} and to.parts != (0,):
        raise UsageError(f"version {to} is not applied", "`fairlead db status` shows the versions that are")
    chosen = [one for one in standing if to is None or (one.version is not None and one.version > to)]
    chosen = chosen if to is not None else chosen[:steps]
    made = [_undo(one, files, rank, undo_type) for rank, one in enumerate(chosen, picture.last_rank + 1)]
    check(tuple(step.migration for step in made if step.migration))
    if not made:
        return Plan()
    around = _called(files, "beforeUndo"), _called(files, "afterUndo")
    return Plan((*around[0], *made, *around[1]), files.of("afterUndoError"))


def _undo(entry: Entry, files: Files, rank: int, undo_type: str) -> Step:
    version = entry.version
    if entry.row is not None and entry.row.type == SQL_BASELINE:
        what = f"{entry.script} cannot be undone: it stands for all versions up to {version}"
        raise Refused(what, "write a new version that changes things back")
    one = files.undo_of(version) if version else None
    if version is None or one is None or entry.state is State.OPAQUE:
        what = f"{entry.script} cannot be undone: there is no U{version}__….sql"
        raise Refused(what, "write it, or write a new version that changes things back")
    row = Row(rank, version, entry.description, undo_type, one.script, one.checksum if undo_type == UNDO_SQL else None)
    what = f"version {version}: {_size(one)}"
    return Step("undo", one.script, what, mode_of(one), one, row, 0, False, files.of("beforeEachUndo"),
                files.of("afterEachUndo"), files.of("afterEachUndoError"))  # fmt: skip


def plan_baseline(picture: Picture, version: Version, description: str, history: bool) -> Plan:
    """Note that what is there is what everything up to a version would make. Refused where something was applied."""
    if any(row.version for row in picture.rows):
        raise Refused("there is a history already, so there is nothing to begin", "`fairlead db status` shows it")
    row = Row(picture.last_rank + 1, version, description, BASELINE, description, None)
    steps = [] if history else [Step("create", "", "the table of the history")]
    return Plan((*steps, Step("baseline", "", f"everything up to version {version} is there", row=row)))


def plan_repair(picture: Picture, gone: bool = True) -> Plan:
    """Make the history agree with the files; what is in the database stays as it is.

    Failed rows go; files that are gone are noted as deleted; rows take over what their files say now. What was undone
    is left alone (a repair after an undo damages Flyway's own history), and so is what is newer than every file.
    """
    steps = [Step("remove", one.script, "the row of a run that failed", row=one.row)
             for one in picture.entries if one.state is State.FAILED]  # fmt: skip
    rank = picture.last_rank
    for one in picture.entries:
        if one.state is State.MISSING and one.row and gone:
            rank += 1
            row = replace(one.row, rank=rank, type=DELETE, ms=0)
            steps.append(Step("delete", one.script, "its file is gone", row=row))
        step = _realigned(one, picture.prints)
        steps += [step] if step else []
    return Plan(tuple(steps))


def _realigned(entry: Entry, prints: Mapping[int, str]) -> Step | None:
    row, one = entry.row, entry.migration
    if row is None or one is None or entry.state not in (State.SUCCESS, State.OUT_OF_ORDER):
        return None
    checksum = one.checksum if one.version else row.checksum
    wanted = replace(row, checksum=checksum, description=one.description,
                     type=SQL_BASELINE if one.kind == "baseline" else SQL)  # fmt: skip
    changed_unseen = bool(one.version) and prints.get(row.rank) not in (None, one.fingerprint)
    if wanted == row and not changed_unseen:
        return None
    changed = [name for name in ("checksum", "description", "type") if getattr(wanted, name) != getattr(row, name)]
    texts = [f"{name} {getattr(row, name)} becomes {getattr(wanted, name)}" for name in changed]
    return Step("realign", one.script, ", ".join(texts) or "its fingerprint changes", migration=one, row=wanted)
