"""Whether what Fairlead itself comes in by is a server: a pooler before it has no session of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok
from fairlead.project.stack import Stack, Store


def examine(stack: Stack, root: Path) -> Iterator[Check]:
    """Of each PostgreSQL that somebody else runs and that answers; whether one does is said elsewhere."""
    for store in stack.stores:
        if store.kind == "postgres" and store.url is not None and _needed(store):
            yield from _looked_at(stack, root, store)


def _needed(store: Store) -> bool:
    """What takes locks, sets up a session or reads all of it in one snapshot."""
    return bool(store.rights or store.backup) or any(one.folder or one.migrator for one in store.migrations)


def _looked_at(stack: Stack, root: Path, store: Store) -> Iterator[Check]:
    from fairlead.operations.db.chosen import url_of  # noqa: PLC0415 — only where there is one
    from fairlead.postgres.connection import Pooled, Settings, address, connect  # noqa: PLC0415
    from fairlead.project.access import databases  # noqa: PLC0415

    name = f"store {store.name}"
    try:
        where = address(url_of(stack, root, store), databases(store)[0], len(store.databases) > 1)
        connect(where, Settings()).close()
    except Pooled as error:
        yield failed(name, error.message, error.hint or "")
    except FairleadError:
        return
    else:
        yield ok(name, f"{where.shown} is a server, and no pooler before it")
