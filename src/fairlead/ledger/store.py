"""The ledger's statements: what is read from and written to the file, in terms of entries and tree heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Select, bindparam, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from fairlead.errors import FairleadError, NoSpace
from fairlead.ledger.database import Database, damaged
from fairlead.ledger.entry import Entry, Filter, TreeHead, entry_of
from fairlead.ledger.merkle import EMPTY_ROOT, Frontier
from fairlead.ledger.tables import entries, head

Rows = Sequence[tuple[str, str, str]]  #: body, leaf, root
Page = Select[str, str, str]

# Made once: to put a statement together takes longer than to execute it, and a rollout has hundreds of them.
_HEAD = select(head.c.size, head.c.root, head.c.frontier)
_TIME = select(entries.c.time).where(entries.c.number == bindparam("number"))
_INSERT = insert(entries)
_MADE = upsert(head).values(id=1)
_REPLACE = _MADE.on_conflict_do_update(
    index_elements=["id"], set_={name: _MADE.excluded[name] for name in ("size", "root", "frontier")}
)


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
        last = connection.execute(_TIME, {"number": stored.size}).scalar()
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
            rows = connection.execute(*_page(wanted, after, before, count)).all()
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
    row = connection.execute(_HEAD).first()
    return StoredHead(*row) if row else StoredHead(0, EMPTY_ROOT.hex(), "")


def _insert(connection: Connection, body: str, leaf: str, root: str) -> Entry:
    entry = entry_of(body, leaf, root)
    values = {"number": entry.number, "time": entry.time, "kind": entry.kind, "rollout": entry.rollout}
    connection.execute(_INSERT, {"body": body, "leaf": leaf, "root": root, **values})
    return entry


def _replace_head(connection: Connection, tree: Frontier) -> None:
    connection.execute(_REPLACE, {"size": tree.size, "root": tree.root().hex(), "frontier": tree.to_text()})


def _page(wanted: Filter, after: int, before: int | None, count: int) -> tuple[Page, dict[str, object]]:
    """The statement, and what it is executed with."""
    given: dict[str, object] = {"after": after, "count": count}
    if before is not None:
        given["before"] = before
    if wanted.kinds is not None:
        given["kinds"] = wanted.kinds
    if wanted.rollout is not None:
        given["wanted"] = wanted.rollout
    return _select_page(wanted.newest_first, tuple(given)), given


@cache
def _select_page(newest_first: bool, given: tuple[str, ...]) -> Page:
    order = entries.c.number.desc() if newest_first else entries.c.number
    query = select(entries.c.body, entries.c.leaf, entries.c.root).where(entries.c.number > bindparam("after"))
    more = {
        "before": entries.c.number < bindparam("before"),
        "kinds": entries.c.kind.in_(bindparam("kinds", expanding=True)),
        "wanted": entries.c.rollout == bindparam("wanted"),
    }
    for name in more.keys() & set(given):
        query = query.where(more[name])
    return query.order_by(order).limit(bindparam("count"))
