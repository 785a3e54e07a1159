"""Logs of instances: written by the instance itself, rotated by copying and truncating, read from the end."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from fairlead.runtimes.process.log_marks import Marks

LARGEST = 10 << 20  #: bytes of a log before it is rotated
KEPT = 3  #: rotated files
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def rotate(log: Path, largest: int = LARGEST, kept: int = KEPT, marks: Marks | None = None) -> bool:
    """Move the content aside when the log is too large: log.1 is the newest. True when the log is empty again.

    The instance keeps its descriptor, opened for appending, so the file is copied and then emptied. What is written
    while the copy runs is copied too; only a line that falls between the last copy and the truncation can be lost.
    A disk without room for the copy costs the oldest kept files, in the end the content itself: a log that cannot
    be rotated fills the disk. Nothing is raised: one log must not keep the others from their turn.
    """
    try:
        if log.stat().st_size < largest:
            return False
        with open(log, "r+b") as source:
            _set_aside(source, log, kept)
            source.truncate(0)
        if marks:
            marks.shift(log, _older(log, kept))
    except OSError:
        return False
    return True


def _set_aside(source: BinaryIO, log: Path, kept: int) -> None:
    """Copy, making room where there is none; the older files move only when the copy is there."""
    temp = log.with_name(f".{log.name}.tmp")
    while not _copied(source, temp):
        oldest = next((one for one in reversed(_older(log, kept)) if one.exists()), None)
        if oldest is None:
            return
        oldest.unlink()
    *older, _ = names = _older(log, kept)
    for path, moved in reversed(list(zip(older, names[1:], strict=True))):
        if path.exists():
            path.replace(moved)
    temp.replace(names[0])


def _older(log: Path, kept: int) -> list[Path]:
    """The names of the kept files, the newest first."""
    return [log.with_name(f"{log.name}.{number}") for number in range(1, kept + 1)]


def _there(log: Path) -> list[Path]:
    """The kept files that there are, the newest first. While one is set aside there is a gap in their numbers."""
    numbers = [path.suffix[1:] for path in log.parent.glob(f"{log.name}.*")]
    return [log.with_name(f"{log.name}.{number}") for number in sorted(int(one) for one in numbers if one.isdecimal())]


def _copied(source: BinaryIO, temp: Path) -> bool:
    """Whether there was room for a copy of all that is written until its end."""
    source.seek(0)
    try:
        with open(temp, "wb", opener=_private) as target:
            while source.tell() < os.fstat(source.fileno()).st_size:
                shutil.copyfileobj(source, target)
    except OSError as error:
        temp.unlink(missing_ok=True)
        if error.errno not in FULL:
            raise
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def all_since(log: Path, since: float, marks: Marks) -> tuple[bytes, int]:
    """As `Marks.written_since`, with what was set aside."""
    (first,) = _older(log, 1)
    while True:
        before = _inode(first)
        aside = b"".join(marks.written_since(path, since)[0] for path in reversed(_there(log)))
        data, place = marks.written_since(log, since)
        if _inode(first) == before:  # nothing was set aside meanwhile
            return aside + data, place


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def tail(log: Path, lines: int) -> str:
    """The last lines of a log, at most 64 KiB; empty when there is none."""
    try:
        with open(log, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - (64 << 10)))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
