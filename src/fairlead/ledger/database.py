"""The SQLite file below the ledger: its one connection, and its errors in plain words.

SQLAlchemy is imported by `tables`, `database` and `store` only, and by them only once a ledger is opened: most of
Fairlead names the type `Ledger` without opening one. The connection runs in SQLAlchemy's AUTOCOMMIT mode with
transactions begun and ended by hand, because the driver would begin them late and without IMMEDIATE, and two appends
could then read one head.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, StatementError
from sqlalchemy.pool import NullPool

from fairlead.errors import FairleadError, NoSpace, Temporary
from fairlead.ledger.tables import SCHEMA, create_tables
from fairlead.system.files import free_bytes, sync_folder

BUSY_SECONDS = 20.0  #: how long one process waits for another's append
_LITTLE = 64 * 1024  #: bytes; with less than this left, an input or output error means a full disk


class Database:
    """One connection to one ledger file; safe to use from several threads, one at a time."""

    def __init__(self, path: Path, room: Callable[[], bool] = lambda: False, frozen: bool = False) -> None:
        """Open, or create with mode 600. FairleadError when the file is damaged, newer, or cannot be opened.

        `room` makes some on a full disk, for one more try; False: there is none to make. `frozen`: a disk that stays
        full is no reason not to read what the file holds now.
        """
        self.path, self.room = path, room
        self._lock = threading.RLock()
        try:
            self._open(_connect)
        except NoSpace:
            if room():
                self._open(_connect)
            elif frozen and _is_whole(path):
                self._open(_connect_frozen)
            else:
                raise

    def _open(self, connect: Callable[[Path], Connection]) -> None:
        with explained(self.path):
            _create_private(self.path)
            self._connection = connect(self.path)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _prepare(self) -> None:
        version = self._connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version > SCHEMA:
            raise FairleadError(
                f"{self.path}: written by a newer Fairlead (format {version}, this one knows {SCHEMA})",
                "install the newer Fairlead again",
            )
        if version == 0:
            _switch_to_wal(self._connection)
            with self.transaction() as connection:
                create_tables(connection)

    @contextmanager
    def transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[Connection]:
        """All or nothing, durable when left; `begin="BEGIN"` gives one consistent view to several reads."""
        with self._lock, explained(self.path):
            self._roll_back()
            try:
                self._connection.exec_driver_sql(begin)
                yield self._connection
                self._connection.exec_driver_sql("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection for a single query."""
        with self._lock, explained(self.path):
            yield self._connection

    def close(self) -> None:
        """Give the file back; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def _roll_back(self) -> None:
        if getattr(self._connection.connection.dbapi_connection, "in_transaction", False):
            self._connection.exec_driver_sql("ROLLBACK")


def _create_private(path: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the main file, so it is enough to make that one private."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise _no_access(path, error.strerror or str(error)) from error
    sync_folder(path.parent)


def _is_whole(path: Path) -> bool:
    """Whether the file itself has everything: nobody writes, and the last who did has put the -wal file's part in."""
    wal = Path(f"{path}-wal")
    return path.stat().st_size > 0 and not (wal.exists() and wal.stat().st_size)


def _connect(path: Path) -> Connection:
    return _connected(lambda: sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False))


def _connect_frozen(path: Path) -> Connection:
    """As it is now, without the files that SQLite makes beside it."""
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    return _connected(lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))


def _connected(connect: Callable[[], sqlite3.Connection]) -> Connection:
    _next.connect = connect
    return _engine().connect()


_next = threading.local()  #: has how this thread's next connection is made


def _file() -> sqlite3.Connection:
    """Each is made once: one that breaks must not be replaced by that of whatever file was opened last."""
    connect: Callable[[], sqlite3.Connection] = vars(_next).pop("connect")
    return connect()


@cache
def _engine() -> Engine:
    """One for every file of this process: it keeps the statements it has compiled, which takes longer than they do."""
    made = create_engine("sqlite://", creator=_file, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    event.listen(made, "connect", _configure)
    return made


def _configure(raw: sqlite3.Connection, _: object) -> None:
    raw.execute("PRAGMA synchronous = FULL")
    raw.text_factory = _text


def _text(stored: bytes) -> str:
    """Text as it stands, damaged or not: `verify` has to get hold of what it is to judge."""
    return stored.decode(errors="surrogateescape")


def _switch_to_wal(connection: Connection) -> None:
    """The switch fails at once, without the busy timeout, while another process makes the same switch."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except DatabaseError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors as FairleadError: what happened to the ledger and what to do."""
    try:
        yield
    except StatementError as error:
        if not isinstance(error, DatabaseError):
            raise
        raise _explain(path, error) from error


def _code(error: DatabaseError) -> int:
    """SQLite's primary result code."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return int(code) & 0xFF


def _explain(path: Path, error: DatabaseError) -> FairleadError:
    code, why = _code(error), str(error.orig)
    full = code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and free_bytes(path.parent) < _LITTLE
    if code == sqlite3.SQLITE_FULL or full:
        return NoSpace(
            f"ledger {path}: no space left on the disk; nothing was written",
            "free some space, then run the command again",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, why)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Temporary(f"ledger {path}: another process has been writing for {BUSY_SECONDS:.0f} s", "try again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return _no_access(path, why)
    return FairleadError(f"ledger {path}: {why}", "check the disk and the file, then run the command again")


def damaged(path: Path, why: str) -> FairleadError:
    """The file is not what SQLite wrote."""
    return FairleadError(
        f"ledger {path}: the file is damaged ({why})",
        "restore it from a backup; to go on without its history, move it and its -wal and -shm files away",
    )


def _no_access(path: Path, why: str) -> FairleadError:
    return FairleadError(
        f"ledger {path}: could not be opened ({why})", "run as the user who deploys, and check the folder's permissions"
    )
