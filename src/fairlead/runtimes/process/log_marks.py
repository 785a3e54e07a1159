"""Since when a log has what it has: marks beside it, as the lines of a program have no time of their own.

The keeper makes a mark whenever it looks at the log, once a minute at least: `SECONDS BYTES`, when it was how large. So
what was written since a time is behind the mark before it; what stands between that mark and the time comes along.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

LARGEST = 64 << 10  #: bytes of marks, about two days of them; then every other one goes


def marks_of(log: Path) -> Path:
    """The file with the marks of a log."""
    return log.with_name(f"{log.name}.marks")


def mark(log: Path, now: float | None = None) -> None:
    """Write down how large the log is now, when it has grown. `now`: seconds since 1970. Raises nothing."""
    try:
        size, marks = log.stat().st_size, marks_of(log)
        known = _read(marks)
        if size == (known[-1][1] if known else 0):
            return
        if known and (size < known[-1][1] or marks.stat().st_size > LARGEST):
            _write(marks, known[1::2] if size >= known[-1][1] else [])
        with marks.open("a") as file:
            file.write(f"{time.time() if now is None else now:.3f} {size}\n")
    except OSError:  # a full disk: more than was asked for will be shown
        return


def take_along(log: Path, target: Path) -> None:
    """The marks of a log that became another file."""
    if marks_of(log).exists():
        marks_of(log).replace(marks_of(target))
    else:
        marks_of(target).unlink(missing_ok=True)


def written_since(log: Path, since: float) -> tuple[bytes, int]:
    """What a log has from then on, in whole lines, and how many of its bytes were read. `since`: seconds since 1970.

    Up to a minute of what came before is among it.
    """
    try:
        with open(log, "rb") as file:
            data = file.read()
            late = os.fstat(file.fileno()).st_mtime >= since
    except FileNotFoundError:
        return b"", 0
    return data[_start(data, _read(marks_of(log)), since) if late else len(data) :], len(data)


def _start(data: bytes, marks: list[tuple[float, int]], since: float) -> int:
    if any(size > len(data) for _, size in marks):  # somebody emptied it: the marks are of what it was
        return 0
    place = max((size for moment, size in marks if moment <= since), default=0)
    return data.rfind(b"\n", 0, place) + 1


def _read(marks: Path) -> list[tuple[float, int]]:
    """A line that is not whole is none."""
    try:
        lines = marks.read_text().split("\n")[:-1]
    except (FileNotFoundError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        moment, _, size = line.partition(" ")
        if size.isdigit() and moment.replace(".", "", 1).isdigit():
            found.append((float(moment), int(size)))
    return found


def _write(marks: Path, kept: list[tuple[float, int]]) -> None:
    temp = marks.with_name(f".{marks.name}.tmp")
    temp.write_text("".join(f"{moment:.3f} {size}\n" for moment, size in kept))
    temp.replace(marks)
