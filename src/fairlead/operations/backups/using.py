"""Who reads a backup for long without being the only one at the store's: a rehearsal say. No pruning takes it from him.

Restores, drills and verify hold the lock of the store's backups all the while; a rehearsal does not, or it would wait
for a backup that is being made. So it leaves a file with a lock of its own, which the system gives back when it ends.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from fairlead.artifacts.origin import owner_text
from fairlead.backups.catalogue import chosen
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.system.files import listed
from fairlead.system.lock import FileLock, held_folder


@contextlib.contextmanager
def used(one: Arrangement, id: str) -> Iterator[None]:
    """Have a backup stay for the block. FairleadError where it went a moment ago."""
    folder = _folder(one)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{id}.{secrets.token_hex(4)}"
    lock = FileLock(path)
    with held_folder(folder, "who reads backups"):
        lock.acquire(owner_text("a copy of a backup"))
    try:
        backup = chosen(one.catalogue.all(), id)
        one.files(backup).require_whole(backup)
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def used_now(one: Arrangement) -> tuple[str, ...]:
    """Those that somebody reads; what is left of whoever was killed goes."""
    folder, found = _folder(one), list[str]()
    if not folder.is_dir():
        return ()
    with held_folder(folder, "who reads backups"):
        for path in listed(folder):
            if FileLock(path).held():
                found.append(path.name.rpartition(".")[0])
            else:
                path.unlink(missing_ok=True)
    return tuple(found)


def _folder(one: Arrangement) -> Path:
    return one.place.backups / f"{one.store.name}.used"
