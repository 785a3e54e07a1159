"""What a restore makes in a server before anything has its place: databases, and roles that were removed since.

It is written down first, in `backups/STORE.coming.json`. Whoever is killed is followed by one who has all of it gone: a
role that somebody removed must not be back, with the password that it had, because a restore was begun.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fairlead.backups.restoring import (
    Swap,
    Unsure,
    databases_there,
    drop,
    drop_roles,
    have_roles,
    missing_roles,
    roles_there,
)
from fairlead.backups.server import Server
from fairlead.system.files import read_json, sync_folder, write_json
from fairlead.system.home import Place


def path_of(place: Place, store: str) -> Path:
    """Where it is written down. Whoever looks has the backups of the store."""
    return place.backups / f"{store}.coming.json"


def settle(path: Path, server: Server) -> None:
    """Have gone what one who was killed left; nothing of it where that has its place by now. FairleadError."""
    said = read_json(path)
    if said is None:
        return
    there = databases_there(server)
    if not there & set(said["aside"]):
        for database in said["new"]:
            drop(server, database)
        drop_roles(server, said["roles"])
    _forget(path)


@contextlib.contextmanager
def roles(
    path: Path, server: Server, sql: str, swaps: Sequence[Swap], promised: Callable[[], bool]
) -> Iterator[tuple[str, ...]]:
    """Those that are gone are made again; which they are. Gone once more when anything fails.

    But when it was `promised` then that somebody goes on, or when nobody knows whether it is done.
    """
    back = missing_roles(sql, roles_there(server))
    if back:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        new, aside = [one.new for one in swaps], [one.aside for one in swaps]
        write_json(path, {"roles": back, "new": new, "aside": aside}, 0o600)
    try:
        have_roles(server, sql)
        yield back
    except Unsure:
        raise
    except BaseException:
        if not promised():
            drop_roles(server, back)
            _forget(path)
        raise
    _forget(path)


def _forget(path: Path) -> None:
    if path.exists():
        path.unlink()
        sync_folder(path.parent)
