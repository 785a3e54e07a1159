"""Whether there is room for what a backup becomes, before any of it is written: a full disk stops the server too."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical.base import ROOM
from fairlead.backups.server import Server, one
from fairlead.errors import FairleadError, Refused
from fairlead.operations.backups.arrangement import Arrangement

SPARE = 256 << 20  #: bytes that stay free: log of the restore, and whatever else runs
SNAPSHOTS = 3  #: times the size of a snapshot that a Redis with it takes
GROWTH = 1.1  #: an index that is built sorts beside itself


def needed(facts: Mapping[str, Any], databases: Iterable[str]) -> int:
    """Bytes on a disk, by what is known of each database; 0 where that does not say how large it was."""
    sizes = [int(facts.get(name, {}).get("size", 0)) for name in databases]
    return round(sum(sizes) * GROWTH) if all(sizes) else 0


def needed_of(backup: Backup) -> int:
    """The same, of a copy of all of it."""
    if backup.kind == "physical":
        return round(int(backup.facts.get(ROOM) or sum(part.size for part in backup.parts)) * GROWTH)
    if snapshots := backup.of("snapshot"):  # beside it a log as large, and room to write that
        return SNAPSHOTS * sum(one.size for one in snapshots)
    if volumes := backup.of("volume"):
        return round(sum(int(backup.facts[one.database]["bytes"]) for one in volumes) * GROWTH)
    return needed(backup.facts, [one.database for one in backup.of("database")])


def require_space(folder: Path | None, bytes: int, what: str) -> None:
    """Refused when there is less than that, and something to spare. Nothing is known of None."""
    there = next((one for one in (folder, *(folder.parents if folder else ())) if one and one.exists()), None)
    if there is None or not bytes:
        return
    free = shutil.disk_usage(there).free
    if free < bytes + SPARE:
        text = (
            f"{what} takes about {bytes / 1e6:.0f} MB, and {there} has {free / 1e6:.0f} MB, {SPARE / 1e6:.0f} to spare"
        )
        raise Refused(text, "make room; databases that restores put aside: fairlead backup prune ENV --old-databases")


def data_folder(arranged: Arrangement, server: Server) -> Path | None:
    """Where the server keeps its data on this machine; None where that is not known."""
    if arranged.url is not None:
        return None
    if arranged.inside:
        return engine_folder()
    with server.session(server.home) as connection:
        return Path(str(one(connection, "SHOW data_directory")))


def folder_of(arranged: Arrangement) -> Path | None:
    """Where a Redis or a volume has its files on this machine; None where that is not known."""
    if arranged.store.path is not None:
        return Path(arranged.store.path)
    return engine_folder() if arranged.inside else arranged.place.stores


def engine_folder() -> Path | None:
    """Where the engine keeps volumes, when that is on this machine."""
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine

    try:
        folder = Path(Engine().facts().root)
        return folder if folder.is_dir() else None
    except (FairleadError, OSError):
        return None
