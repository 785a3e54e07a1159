"""What was sent and what failed: JSON lines, the newest last, never more than a megabyte."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from fairlead.system import clock
from fairlead.system.files import write_file
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

FILE = "log.jsonl"
LARGEST = 1 << 20  #: bytes; then the older half goes


@dataclass(frozen=True, slots=True)
class Line:
    """One attempt, or that there will be no other."""

    time: str  #: UTC, ISO 8601
    receiver: str
    event: str  #: of `on`, or test
    key: str  #: of the thing told
    title: str
    result: str  #: sent, failed, given up
    tries: int
    error: str = ""


def append(place: Place, line: Line, largest: int = LARGEST) -> None:
    """Add a line. Several processes may."""
    path = place.notify / FILE
    place.notify.mkdir(mode=0o700, exist_ok=True)
    with _alone(place):
        if path.exists() and path.stat().st_size > largest:
            lines = path.read_text("utf-8").splitlines(keepends=True)
            write_file(path, "".join(lines[len(lines) // 2 :]), 0o600)
        with open(path, "a", encoding="utf-8", opener=_private) as file:
            file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")


def line(receiver: str, event: str, told: tuple[str, str], result: str, tries: int, error: str = "") -> Line:
    """A line of now; `told` is key and title."""
    return Line(clock.stamp(), receiver, event, *told, result, tries, error)


def read(place: Place, limit: int) -> tuple[Line, ...]:
    """The newest `limit`, the newest last. A line that a crash cut off is left out."""
    path = place.notify / FILE
    if not path.exists():
        return ()
    return tuple(_parsed(path.read_text("utf-8", errors="replace").splitlines()))[-limit:]


def _parsed(lines: list[str]) -> Iterator[Line]:
    for text in lines:
        try:
            yield Line(**json.loads(text))
        except (ValueError, TypeError):
            continue


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    lock = FileLock(place.notify / "log.lock")
    lock.acquire("", blocking=True)
    try:
        yield
    finally:
        lock.release()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
