"""What pg_basebackup wrote, read again: into a folder, or only to see whether it is whole."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from fairlead.backups.destinations.base import Write
from fairlead.backups.sealing import Damaged
from fairlead.errors import FairleadError
from fairlead.system.pipes import Who

MANIFEST = "backup_manifest"
FILES = "the copy of the data files"
PIECE = 1 << 20
BROKEN = (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError)

Push = Callable[[Write], None]
"""Something that writes a backup's part, opened."""


@contextlib.contextmanager
def pulled(push: Push, what: str = FILES) -> Iterator[IO[bytes]]:
    """Read what `push` writes, which is `what`. What it raises is raised here, as that made the reader fail, if so."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 — the keeper imports this module, and reads nothing

    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        pushed = pool.submit(_pushed, push, writing)
        try:
            with open(reading, "rb") as source:
                yield source
                while source.read(PIECE):  # to its end: only there is it known to be what was written
                    pass
        except BROKEN as error:
            pushed.result()
            raise Damaged(f"{what} is damaged: {error}") from error
        except OSError as error:
            pushed.result()
            text = f"{what} could not be unpacked: {error.strerror or error}"
            raise FairleadError(text, "see whether the disk is full") from error
        pushed.result()


def _pushed(push: Push, writing: int) -> None:
    with contextlib.suppress(BrokenPipeError), open(writing, "wb") as out:  # who reads no more knows why
        push(out.write)  # type: ignore[arg-type]


def unpack(push: Push, to: Path, who: Who | None) -> int:
    """Have its files below `to`, which is of `who`; the bytes of them. Damaged, and whatever `push` raises."""
    size, inside = 0, _inside()
    with pulled(push) as source, tarfile.open(fileobj=source, mode="r|gz") as tape:
        for member in tape:
            tape.extract(member, to, filter=inside)
            size += member.size
    hand_over(to, who)
    return size


def _inside() -> Callable[[tarfile.TarInfo, str], tarfile.TarInfo | None]:
    """What tarfile's own filter lets nothing out by, without resolving each path anew, which costs more than the rest.

    Where there are files and folders alone nothing leads out of a new folder but a root or `..`; at the first link, and
    for all that comes after it, that filter is asked.
    """
    others: list[str] = []

    def let(member: tarfile.TarInfo, to: str) -> tarfile.TarInfo | None:
        if not (member.isreg() or member.isdir()):
            others.append(member.name)
        if others or member.name.startswith("/") or ".." in member.name.split("/"):
            return tarfile.data_filter(member, to)
        mode = 0o600 if member.isreg() else None
        return member.replace(mode=mode, uid=None, gid=None, uname=None, gname=None, deep=False)  # type: ignore[arg-type]

    return let


def hand_over(root: Path, who: Who | None) -> None:
    """All below a folder is of `who`, who alone gets into it."""
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o700)
        if who:
            for path in (folder, *(f"{folder}/{name}" for name in files)):
                os.chown(path, who.uid, who.gid, follow_symlinks=False)


def _sum(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while piece := file.read(PIECE):
        found.update(piece)
    return found.hexdigest()


def look(push: Push) -> list[str]:
    """Read all of it and compare each file with the manifest, as pg_verifybackup does of a folder. What is wrong."""
    there: dict[str, str] = {}
    said: dict[str, str] = {}
    with pulled(push) as source, tarfile.open(fileobj=source, mode="r|gz") as tape:
        for member in tape:
            file = tape.extractfile(member) if member.isfile() else None
            name = member.name.removeprefix("./")
            if file and name == MANIFEST:
                said = {one["Path"]: one["Checksum"] for one in json.load(file)["Files"] if "Path" in one}
            elif file:
                there[name] = _sum(file)
    if not said:
        return ["it has no manifest"]
    lost = [f"it has lost {name}" for name in sorted(said.keys() - there.keys())]
    return lost + [f"its {name} is another one" for name in sorted(said) if there.get(name, said[name]) != said[name]]
