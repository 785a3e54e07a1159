"""Logs of instances: written by the instance itself, rotated by copying and truncating, read from the end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LARGEST = 10 << 20  #: bytes of a log before it is rotated
KEPT = 3  #: rotated files


def rotate(log: Path, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Move the content aside when the log is too large: log.1 is the newest. True when it did.

    The instance keeps its descriptor, opened for appending, so the file is copied and then emptied. What is written
    while the copy runs is copied too; only a line that falls between the last copy and the truncation can be lost.
    """
    if not log.exists() or log.stat().st_size < largest:
        return False
    for number in range(kept - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    with open(log, "r+b") as source, open(log.with_name(f"{log.name}.1"), "wb") as target:
        while source.tell() < os.fstat(source.fileno()).st_size:
            shutil.copyfileobj(source, target)
        source.truncate(0)
    return True


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
