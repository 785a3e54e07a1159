"""The ledger's statements: what is read from and written to the file, in terms of entries and tree heads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from fairlead.errors import FairleadError, NoSpace
from fairlead.ledger.database import Database, damaged
from fairlead.ledger.entry import Entry, Filter, TreeHead, entry_of
from fairlead.ledger.merkle import EMPTY_ROOT, Frontier

Rows = Sequence[tuple[str, str, str]]  #: body, leaf, root

_HEAD = "SELECT size, root, frontier FROM head"
_TIME = "SELECT time FROM entries WHERE number = ?"
_INSERT = "INSERT INTO entries (number, time, kind, rollout, body, leaf, root) VALUES (?, ?, ?, ?, ?, ?, ?)"
_REPLACE = "INSERT OR REPLACE INTO head (id, size, root, frontier) VALUES (1, ?, ?, ?)"
_PAGE = "SELECT body, leaf, root FROM entries WHERE {} ORDER BY number {} LIMIT :count"
_ALL = "SELECT number, time, kind, rollout, body, leaf, root FROM entries ORDER BY number"


@dataclass(frozen=True, slots=True)
class End:
    """What the next entry follows: the tree so far, and the time of the last entry ("" before the first)."""

    tree: Frontier
    time: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row of the table as it is, not yet believed."""

    number: int
    time: str
    kind: str
    rollout: int | None
    body: str
    leaf: str
    root: str


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The stored tree head as it is, not yet believed."""

    size: int
    root: str
    frontier: str


class Store(Database):
    """One ledger file."""

    def extend(self, chain: Callable[[End], tuple[Rows, Frontier]]) -> tuple[Entry, ...]:
        """Append the rows that `chain` makes of the current end, and the head they lead to, in one transaction."""
        try:
            return self._extend(chain)
        except NoSpace:
            if not self.room():
                raise
            return self._extend(chain)

    def _extend(self, chain: Callable[[End], tuple[Rows, Frontier]]) -> tuple[Entry, ...]:
        with self.transaction() as connection:
            rows, tree = chain(self._end(connection))
            written = tuple(_insert(connection, *row) for row in rows)
            _replace_head(connection, tree)
        return written

    def _end(self, connection: sqlite3.Connection) -> End:
        stored = _head(connection)
        last = _scalar(connection, _TIME, stored.size)
        try:
            tree = Frontier.from_text(stored.size, stored.frontier)
        except (TypeError, ValueError) as error:
            raise self._broken(f"its tree head is not readable ({error})") from error
        if last is None and stored.size:
            raise self._broken(f"its last entry, {stored.size}, is missing")
        return End(tree, last or "")

    def _broken(self, why: str) -> FairleadError:
        return FairleadError(f"ledger {self.path}: {why}", "see `fairlead ledger verify`; restore it from a backup")

    def page(self, wanted: Filter, after: int, before: int | None, count: int) -> list[Entry]:
        """Up to `count` entries numbered between `after` and `before` (both left out; None: no end)."""
        with self.reading() as connection:
            rows = connection.execute(*_page(wanted, after, before, count)).fetchall()
        try:
            return [entry_of(body, leaf, root) for body, leaf, root in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise self._broken("an entry is not readable") from error

    def head(self) -> TreeHead:
        """The stored tree head."""
        with self.reading() as connection:
            stored = _head(connection)
        return TreeHead(stored.size, stored.root)

    def highest_rollout(self) -> int:
        """The largest rollout number so far, 0 when there is none."""
        with self.reading() as connection:
            return int(_scalar(connection, "SELECT max(rollout) FROM entries") or 0)

    def version(self) -> int:
        """SQLite's data_version: changes when another connection has committed."""
        with self.reading() as connection:
            return int(_scalar(connection, "PRAGMA data_version"))

    @contextmanager
    def everything(self) -> Iterator[tuple[StoredHead, Iterator[StoredEntry]]]:
        """The stored head and all rows in order, one consistent view. FairleadError when SQLite finds damage."""
        with self.transaction("BEGIN") as connection:
            fault = _scalar(connection, "PRAGMA integrity_check(1)")
            if fault != "ok":
                raise damaged(self.path, " ".join(str(fault).split()))
            with closing(connection.execute(_ALL)) as rows:
                yield _head(connection), (StoredEntry(*row) for row in rows)


def _scalar(connection: sqlite3.Connection, statement: str, *given: object) -> Any:
    """The first value of the first row; None when there is no row."""
    row = connection.execute(statement, given).fetchone()
    return row[0] if row else None


def _head(connection: sqlite3.Connection) -> StoredHead:
    row = connection.execute(_HEAD).fetchone()
    return StoredHead(*row) if row else StoredHead(0, EMPTY_ROOT.hex(), "")


def _insert(connection: sqlite3.Connection, body: str, leaf: str, root: str) -> Entry:
    entry = entry_of(body, leaf, root)
    connection.execute(_INSERT, (entry.number, entry.time, entry.kind, entry.rollout, body, leaf, root))
    return entry


def _replace_head(connection: sqlite3.Connection, tree: Frontier) -> None:
    connection.execute(_REPLACE, (tree.size, tree.root().hex(), tree.to_text()))


def _page(wanted: Filter, after: int, before: int | None, count: int) -> tuple[str, dict[str, object]]:
    """The statement, and what it is executed with."""
    given: dict[str, object] = {"after": after, "count": count}
    terms = ["number > :after"]
    if before is not None:
        given["before"] = before
        terms.append("number < :before")
    if wanted.rollout is not None:
        given["rollout"] = wanted.rollout
        terms.append("rollout = :rollout")
    if wanted.kinds is not None:
        kinds = {f"kind{number}": kind for number, kind in enumerate(wanted.kinds)}
        given |= kinds
        terms.append(f"kind IN ({', '.join(f':{name}' for name in kinds)})")
    return _PAGE.format(" AND ".join(terms), "DESC" if wanted.newest_first else "ASC"), given
