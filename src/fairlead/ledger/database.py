"""The SQLite file below the ledger: its one connection, and its errors in plain words.

Transactions are begun and ended by hand, because the driver would begin them late and without IMMEDIATE, and two
appends could then read one head.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from fairlead.errors import FairleadError, NoSpace, Temporary
from fairlead.ledger.tables import SCHEMA, create_tables, version
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

    def _open(self, connect: Callable[[Path], sqlite3.Connection]) -> None:
        with explained(self.path):
            _create_private(self.path)
            self._connection = connect(self.path)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _prepare(self) -> None:
        found = version(self._connection)
        if found > SCHEMA:
            raise FairleadError(
                f"{self.path}: written by a newer Fairlead (format {found}, this one knows {SCHEMA})",
                "install the newer Fairlead again",
            )
        if found == 0:
            _switch_to_wal(self._connection)
            with self.transaction() as connection:
                create_tables(connection)

    @contextmanager
    def transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """All or nothing, durable when left; `begin="BEGIN"` gives one consistent view to several reads."""
        with self._lock, explained(self.path):
            self._roll_back()
            try:
                self._connection.execute(begin)
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for a single query."""
        with self._lock, explained(self.path):
            yield self._connection

    def close(self) -> None:
        """Give the file back; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


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


def _connect(path: Path) -> sqlite3.Connection:
    return _configured(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False))


def _connect_frozen(path: Path) -> sqlite3.Connection:
    """As it is now, without the files that SQLite makes beside it."""
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    return _configured(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False))


def _configured(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    connection.text_factory = _text
    return connection


def _text(stored: bytes) -> str:
    """Text as it stands, damaged or not: `verify` has to get hold of what it is to judge."""
    return stored.decode(errors="surrogateescape")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The switch fails at once, without the busy timeout, while another process makes the same switch."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.DatabaseError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors as FairleadError: what happened to the ledger and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explain(path, error) from error


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _explain(path: Path, error: sqlite3.DatabaseError) -> FairleadError:
    code, why = _code(error), str(error)
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
        "restore it from a backup; to go on without its history, move it and its -wal and -shm files away and deploy: "
        "users get no answer for a moment then",
    )


def _no_access(path: Path, why: str) -> FairleadError:
    return FairleadError(
        f"ledger {path}: could not be opened ({why})", "run as the user who deploys, and check the folder's permissions"
    )
