"""The ledger's statements: what is read from and written to the file, in terms of entries and tree heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from fairlead.errors import FairleadError, NoSpace
from fairlead.ledger.database import Database, damaged
from fairlead.ledger.entry import Entry, Filter, TreeHead, entry_of
from fairlead.ledger.merkle import EMPTY_ROOT, Frontier
from fairlead.ledger.tables import entries, head

Rows = Sequence[tuple[str, str, str]]  #: body, leaf, root


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

    def _end(self, connection: Connection) -> End:
        stored = _head(connection)
        last = connection.execute(select(entries.c.time).where(entries.c.number == stored.size)).scalar()
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
            rows = connection.execute(_select_page(wanted, after, before, count)).all()
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
            return connection.execute(select(func.max(entries.c.rollout))).scalar() or 0

    def version(self) -> int:
        """SQLite's data_version: changes when another connection has committed."""
        with self.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    @contextmanager
    def everything(self) -> Iterator[tuple[StoredHead, Iterator[StoredEntry]]]:
        """The stored head and all rows in order, one consistent view. FairleadError when SQLite finds damage."""
        with self.transaction("BEGIN") as connection:
            fault = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
            if fault != "ok":
                raise damaged(self.path, " ".join(str(fault).split()))
            with closing(connection.execute(select(entries).order_by(entries.c.number))) as rows:
                yield _head(connection), (StoredEntry(*row) for row in rows)


def _head(connection: Connection) -> StoredHead:
    row = connection.execute(select(head.c.size, head.c.root, head.c.frontier)).first()
    return StoredHead(*row) if row else StoredHead(0, EMPTY_ROOT.hex(), "")


def _insert(connection: Connection, body: str, leaf: str, root: str) -> Entry:
    entry = entry_of(body, leaf, root)
    values = {"number": entry.number, "time": entry.time, "kind": entry.kind, "rollout": entry.rollout}
    connection.execute(insert(entries).values(body=body, leaf=leaf, root=root, **values))
    return entry


def _replace_head(connection: Connection, tree: Frontier) -> None:
    values = {"size": tree.size, "root": tree.root().hex(), "frontier": tree.to_text()}
    statement = upsert(head).values(id=1, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _select_page(wanted: Filter, after: int, before: int | None, count: int) -> Select[str, str, str]:
    order = entries.c.number.desc() if wanted.newest_first else entries.c.number
    query = select(entries.c.body, entries.c.leaf, entries.c.root).where(entries.c.number > after)
    if before is not None:
        query = query.where(entries.c.number < before)
    if wanted.kinds is not None:
        query = query.where(entries.c.kind.in_(wanted.kinds))
    if wanted.rollout is not None:
        query = query.where(entries.c.rollout == wanted.rollout)
    return query.order_by(order).limit(count)
