"""Append and read. One file per environment; whoever has appended knows that the entry survives a power cut.

SQLite in WAL mode with synchronous=FULL: an append returns after the fsync. An entry and the new tree head are
one transaction, so that a killed process leaves both or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, cast

from fairlead.ledger.entry import Entry, Filter, TreeHead, body_of, stamp
from fairlead.ledger.merkle import Frontier, leaf_hash
from fairlead.system import clock

if TYPE_CHECKING:
    from fairlead.ledger.store import End, Store

_PAGE = 500  #: entries read at once; no read transaction stays open between pages

T = TypeVar("T")
Row = tuple[str, str, str]  #: body, leaf, root
Record = tuple[str, Mapping[str, object], int | None]  #: kind, data, rollout


class Ledger:
    """The ledger of one environment. Threads may share one; processes open their own."""

    def __init__(self, store: Store, now: Callable[[], datetime] = clock.now) -> None:
        self._store = store
        self._now = now
        self._known: dict[Callable[[Ledger], object], tuple[int, object]] = {}  # with the size when it was read

    @classmethod
    def open(
        cls, path: Path, now: Callable[[], datetime] = clock.now, room: Callable[[], bool] = lambda: False
    ) -> Ledger:
        """Open the ledger at `path`, created with mode 600 when missing; its folder must exist.

        `now` is the machine's clock. `room` makes some when the disk is full, for one more try. FairleadError when
        the file is damaged, newer than this Fairlead, or not accessible, or the disk is full (NoSpace).
        """
        from fairlead.ledger.store import Store  # noqa: PLC0415 — start-up is part of the product

        return cls(Store(path, room), now)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Open it for a look, which a full disk does not keep anybody from."""
        from fairlead.ledger.store import Store  # noqa: PLC0415 — start-up is part of the product

        return cls(Store(path, frozen=True))

    @property
    def store(self) -> Store:
        """The file below, for `verify`."""
        return self._store

    def append(self, kind: str, data: Mapping[str, object], rollout: int | None = None) -> Entry:
        """Write one entry; durable when this returns, absent when it raises FairleadError (disk full …).

        `data` is JSON; TypeError or ValueError otherwise.
        """
        return self.append_many([(kind, data, rollout)])[0]

    def append_many(self, records: Iterable[Record]) -> tuple[Entry, ...]:
        """Write several entries, all or none, with one fsync."""
        records = list(records)
        if not records:
            return ()
        return self._store.extend(lambda end: self._chain(end, records))

    def _chain(self, end: End, records: list[Record]) -> tuple[list[Row], Frontier]:
        tree, last, rows = end.tree, end.time, []
        for kind, data, rollout in records:
            real = stamp(self._now())
            last = max(last, real)
            body = body_of(tree.size + 1, (last, real), kind, rollout, data)
            leaf = leaf_hash(body.encode())
            tree = tree.add(leaf)
            rows.append((body, leaf.hex(), tree.root().hex()))
        return rows, tree

    def entries(
        self,
        after: int = 0,
        kinds: Collection[str] | None = None,
        rollout: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """Entries with a number greater than `after`, oldest first unless asked otherwise, at most `limit`.

        Read page by page, so that a slow reader holds nobody up; entries appended meanwhile may come or not.
        """
        wanted = Filter(None if kinds is None else tuple(sorted(kinds)), rollout, newest_first)
        before: int | None = None
        left = limit
        while left is None or left > 0:
            count = _PAGE if left is None else min(_PAGE, left)
            page = self._store.page(wanted, after, before, count)
            yield from page
            if len(page) < count:
                return
            after, before = (after, page[-1].number) if newest_first else (page[-1].number, None)
            left = None if left is None else left - count

    def last(self, *kinds: str, rollout: int | None = None) -> Entry | None:
        """The newest entry of one of these kinds (of any kind when none is named), None when there is none."""
        return next(self.entries(kinds=kinds or None, rollout=rollout, limit=1, newest_first=True), None)

    def head(self) -> TreeHead:
        """How many entries there are, and the root over them."""
        return self._store.head()

    def remembered(self, read: Callable[[Ledger], T]) -> T:
        """What `read` makes of the ledger; read again only when something was appended since."""
        size = self.head().size
        known = self._known.get(read)
        if known is None or known[0] != size:
            self._known[read] = known = (size, read(self))
        return cast("T", known[1])

    def version(self) -> int:
        """A number that changes when somebody else has appended; own appends do not change it. Costs microseconds."""
        return self._store.version()

    def next_rollout(self) -> int:
        """The number for a new rollout, from 1. It is taken once an entry carries it: append under the same lock."""
        return self._store.highest_rollout() + 1

    def close(self) -> None:
        """Give the file back; a second call does nothing."""
        self._store.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
