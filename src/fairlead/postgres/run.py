"""Carry out a plan: each file with its row in one transaction, or statement by statement with a journal.

Whatever kills the migrator, its connection or the server, at whichever point: history and schema agree, since they are
committed together. A file without a transaction has its row as failed from its first statement on, so nothing else
runs meanwhile; the next run goes on behind its last statement.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.postgres import indexes
from fairlead.postgres.connection import milliseconds
from fairlead.postgres.events import Emit, Event, silent
from fairlead.postgres.failure import LOCK_NOT_AVAILABLE, TRY_AGAIN, MigrationFailed, failure, place
from fairlead.postgres.lock import oldest_transaction
from fairlead.postgres.plan import Plan, Step, statement_print
from fairlead.postgres.traits import kind_of, needs_no_transaction, when_unknown

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection, Settings
    from fairlead.postgres.files import Migration
    from fairlead.postgres.history import History
    from fairlead.postgres.rows import Row
    from fairlead.postgres.statements import Statement

LONG = 3600.0  #: seconds that a statement which builds something CONCURRENTLY may take, or statement_timeout if longer
OLD = 60.0  #: seconds from which on a transaction of others is told of before something waits for it
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  #: seconds between two tries to get a lock


class Runner:
    """Does the steps of plans, over the connection that has the lock."""

    def __init__(
        self, connection: Connection, history: History, settings: Settings, emit: Emit = silent,
        guard: Callable[[Step], None] | None = None,
    ) -> None:  # fmt: skip
        """`guard` raises where a file must not run after all: in its transaction, or before it where it has none."""
        self.connection, self.history, self.settings, self.emit = connection, history, settings, emit
        self.guard = guard or (lambda step: None)
        self._reset = self._reset_text()

    def run(self, plan: Plan) -> None:
        """All of it, in order. MigrationFailed at the first step that fails, after its callbacks for errors ran."""
        for step in plan.steps:
            try:
                self._spoken(step)
            except MigrationFailed:
                self._call_on_error((*step.on_error, *plan.on_error))
                raise

    def _spoken(self, step: Step) -> None:
        import psycopg  # noqa: PLC0415 — an extra

        try:
            self._do(step)
        except psycopg.Error as error:
            raise failure(error, step.script or step.what, None, self.connection.closed) from error

    def _do(self, step: Step) -> None:
        begun = time.monotonic()
        self.emit(Event("begin", step.what, step.script))
        acts: dict[str, Callable[[Step], None]] = {
            "create": lambda _: self.history.create(), "run": self._file, "undo": self._file,
            "callback": self._callback, "baseline": self._insert, "delete": self._insert,
            "realign": self._realign,
            "remove": lambda one: self.history.remove(_row(one).rank),
        }  # fmt: skip
        acts[step.act](step)
        self.emit(Event("done", step.what, step.script, ms=_since(begun)))

    def _insert(self, step: Step) -> None:
        with self.connection.transaction():
            self.history.fence(_row(step).rank, again=False)
            self.history.insert(_row(step))

    def _realign(self, step: Step) -> None:
        with self.connection.transaction():
            self.history.realign(_row(step))
            self.history.note(_row(step).rank, 0, _file(step).fingerprint, "file")

    def _file(self, step: Step) -> None:
        self.fresh()
        if step.mode == "transaction":
            self._whole(step)
        else:
            self._piecemeal(step)

    def _whole(self, step: Step) -> None:
        one, row = _file(step), _row(step)
        begun = time.monotonic()

        def work() -> None:
            self.history.fence(row.rank, again=False)
            self._limits()
            self.guard(step)
            for callback in step.before:
                self._all(callback)
            self._all(one)
            for callback in step.after:
                self._all(callback)
            self._back_to_ourselves()
            self.history.insert(replace(row, ms=_since(begun)))
            self.history.note(row.rank, 0, one.fingerprint, "file")

        self._transaction(work, one)

    def _piecemeal(self, step: Step) -> None:
        """Each statement alone. Those that may run in a transaction share it with their line in the journal."""
        one, row = _file(step), _row(step)
        begun = time.monotonic()
        if not step.again:
            self._transaction(lambda: self.guard(step), one)
            self._transaction(lambda: self._open_row(row, one), one)
        for callback in step.before:
            self._callback_of(callback)
        for number, statement in enumerate(one.statements[step.first :], step.first + 1):
            if needs_no_transaction(statement):
                self._alone(one, row, number, statement)
            else:
                self._with_journal(one, row, number, statement)
        for callback in step.after:
            self._callback_of(callback)
        self._transaction(lambda: self._close_row(replace(row, ms=_since(begun)), one), one)

    def _open_row(self, row: Row, one: Migration) -> None:
        self.history.fence(row.rank, again=False)
        self.history.insert(replace(row, success=False))
        self.history.note(row.rank, 0, one.fingerprint, "journal")

    def _close_row(self, row: Row, one: Migration) -> None:
        self._back_to_ourselves()
        self.history.fence(row.rank, again=True)
        self.history.finish(row)
        self.history.forget_statements(row.rank)
        self.history.note(row.rank, 0, one.fingerprint, "file")

    def _with_journal(self, one: Migration, row: Row, number: int, statement: Statement) -> None:
        def work() -> None:
            self.history.fence(row.rank, again=True)
            self._limits()
            self._statement(one, statement, number)
            self._back_to_ourselves()
            self.history.note(row.rank, number, statement_print(statement), "done")

        self._transaction(work, one)

    def _alone(self, one: Migration, row: Row, number: int, statement: Statement) -> None:
        print_ = statement_print(statement)
        if self._was_begun(row, number, print_) and self._took_effect(one, statement):
            self.history.note(row.rank, number, print_, "done")
            return
        self._long_limits(one)
        for name in indexes.mend(self.connection, statement):
            self.emit(Event("note", f"took away the INVALID index {name} of an earlier run", one.script))
        self.history.note(row.rank, number, print_, "begun")
        try:
            self._statement(one, statement, number)
            indexes.assert_valid(self.connection, statement)
        except MigrationFailed:
            self._take_back(row, number, statement)
            raise
        self._back_to_ourselves()
        self._usual_limits()
        self.history.note(row.rank, number, print_, "done")

    def _was_begun(self, row: Row, number: int, print_: str) -> bool:
        return (row.rank, number, print_, "begun") in self.history.notes()

    def _took_effect(self, one: Migration, statement: Statement) -> bool:
        """Of a statement that was begun before a crash. FairleadError where only a person can say."""
        unknown = when_unknown(statement)
        if unknown == "ask":
            what = (
                f"{place(one.shown, statement)}: it was begun before a crash, and nobody knows whether it took effect"
            )
            raise FairleadError(what, "look, and say so: fairlead db repair --assume done, or --assume not-done")
        return unknown == "look" and indexes.is_done(self.connection, statement)

    def _take_back(self, row: Row, number: int, statement: Statement) -> None:
        """What failed for certain leaves nothing; where the connection is gone the next run does this."""
        import psycopg  # noqa: PLC0415 — an extra

        with suppress(psycopg.OperationalError):
            for name in indexes.mend(self.connection, statement):
                self.emit(Event("note", f"took away the INVALID index {name} that it left"))
            self.history.forget(row.rank, number)
            self._usual_limits()

    def _callback(self, step: Step) -> None:
        self.fresh()
        self._callback_of(_file(step))

    def _callback_of(self, one: Migration) -> None:
        if any(needs_no_transaction(statement) for statement in one.statements):
            for number, statement in enumerate(one.statements, 1):
                self._statement(one, statement, number)
        else:
            self._transaction(lambda: self._all(one), one)

    def _call_on_error(self, callbacks: Sequence[Migration]) -> None:
        """What they run into is told, and hides nothing."""
        if self.connection.closed:
            return
        for one in callbacks:
            try:
                self.fresh()
                self._callback_of(one)
            except FairleadError as error:
                self.emit(Event("note", f"{one.script} failed too: {error.message}", one.script))

    def _all(self, one: Migration) -> None:
        for number, statement in enumerate(one.statements, 1):
            self._statement(one, statement, number)

    def _statement(self, one: Migration, statement: Statement, number: int) -> int:
        """The rows that it changed or found; -1 where it says nothing of any."""
        import psycopg  # noqa: PLC0415 — an extra

        self.emit(Event("statement", kind_of(statement), one.script, number))
        try:
            if statement.data is None:
                return self.connection.execute(statement.text.encode()).rowcount
            with self.connection.cursor() as cursor:
                with cursor.copy(statement.text.encode()) as copy:
                    copy.write(statement.data)
                return cursor.rowcount
        except psycopg.Error as error:
            raise failure(error, one.shown, statement, self.connection.closed) from error

    def _transaction(self, work: Callable[[], None], one: Migration) -> None:
        """Do `work` in a transaction, and again as a whole when a lock was not to be had."""
        pause = FIRST_PAUSE
        for attempt in range(1, self.settings.attempts + 1):
            try:
                self._attempt(work, one)
                return
            except MigrationFailed as error:
                state = getattr(error.__cause__, "sqlstate", None)
                if state not in TRY_AGAIN or attempt == self.settings.attempts:
                    raise self._named(error, state) from error.__cause__
                self._say_retry(one, error, attempt)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 — jitter
            pause = min(LONGEST_PAUSE, pause * 1.6)

    def _attempt(self, work: Callable[[], None], one: Migration) -> None:
        import psycopg  # noqa: PLC0415 — an extra

        try:
            with self.connection.transaction():
                work()
                self.emit(Event("commit", "commit", one.script))
        except psycopg.Error as error:
            raise failure(error, one.shown, None, self.connection.closed) from error

    def _named(self, error: MigrationFailed, state: str | None) -> MigrationFailed:
        """Who may hold what was not to be had."""
        if state != LOCK_NOT_AVAILABLE or self.connection.closed:
            return error
        who = oldest_transaction(self.connection)
        text = f"{error.message}, in {self.settings.attempts} tries" + (f"; {who[1]}" if who else "")
        return MigrationFailed(text, error.hint, error.script)

    def _say_retry(self, one: Migration, error: MigrationFailed, attempt: int) -> None:
        who = oldest_transaction(self.connection)
        text = f"try {attempt}: {error.message}" + (f"; {who[1]}" if who else "")
        self.emit(Event("retry", text, one.script))

    def fresh(self) -> None:
        """A session as it was at first, whatever the file before set."""
        self.connection.execute(self._reset)

    def _reset_text(self) -> bytes:
        """Everything back, the schema of the history first in the path, and an eye on whether we still live."""
        from psycopg import sql  # noqa: PLC0415 — an extra

        path, schema = self._one("SELECT current_setting('search_path')"), self.history.schema
        first = path.split(",")[0].strip().strip('"')
        quoted = sql.Identifier(schema).as_string(self.connection)
        wanted = path if first == schema else ", ".join(part for part in (quoted, path) if part)
        text = sql.SQL(
            "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SELECT set_config('search_path', {}, false)"
        )
        return text.format(sql.Literal(wanted)).as_bytes(self.connection) + self._watching()

    def _watching(self) -> bytes:
        """The server looks every few seconds whether we are there, and ends a statement whose migrator was killed."""
        import psycopg  # noqa: PLC0415 — an extra

        watching = b"SET client_connection_check_interval = 5000"
        try:
            self.connection.execute(watching)
        except psycopg.Error:  # before version 14, and on systems that cannot tell
            return b""
        return b"; " + watching

    def _limits(self) -> None:
        """For this transaction, whatever the session was set to."""
        self._set("SET LOCAL", self.settings.lock_timeout, self.settings.statement_timeout)

    def _usual_limits(self) -> None:
        self._set("SET", self.settings.lock_timeout, self.settings.statement_timeout)

    def _long_limits(self, one: Migration) -> None:
        """A limit on locks would cut off what is built CONCURRENTLY while it waits for old snapshots."""
        oldest = oldest_transaction(self.connection)
        if oldest and oldest[0] > OLD:
            self.emit(Event("wait", f"{oldest[1]}, and what comes now may have to wait for its end", one.script))
        self._set("SET", 0.0, max(LONG, self.settings.statement_timeout))

    def _set(self, how: str, lock: float, statement: float) -> None:
        limits = f"{how} lock_timeout = {milliseconds(lock)}; {how} statement_timeout = {milliseconds(statement)}"
        self.connection.execute(limits.encode())

    def _back_to_ourselves(self) -> None:
        """The history is written by who connected, also where the file took another role."""
        self.connection.execute("RESET SESSION AUTHORIZATION; RESET ROLE")

    def _one(self, query: str) -> str:
        row = self.connection.execute(query.encode()).fetchone()
        return str(row[0]) if row else ""


def _row(step: Step) -> Row:
    assert step.row is not None  # noqa: S101 — the plan makes no such step without one
    return step.row


def _file(step: Step) -> Migration:
    assert step.migration is not None  # noqa: S101 — the same
    return step.migration


def _since(moment: float) -> int:
    return round((time.monotonic() - moment) * 1000)
