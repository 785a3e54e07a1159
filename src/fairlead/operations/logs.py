"""What the instances of an environment write, merged, each line with the instance it is from.

Logs are rotated by copying and emptying them, so a follower keeps its place by bytes: when it finds the log emptied, it
reads what was written after its place from the copy, then goes on at the beginning of the log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import UsageError
from fairlead.operations.runtime_kept import kept_runtime
from fairlead.runtimes.process.log_marks import Marks
from fairlead.runtimes.process.logs import all_since
from fairlead.runtimes.process.runtime import learn_secrets
from fairlead.runtimes.process.runtime import log_files as instance_logs
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.runtimes.docker.logs import ContainerLog

EVERY = 0.2  #: seconds between two looks at the logs
FIRST = 20  #: lines of each instance, where nobody says how many
BACK = 256 << 10  #: bytes looked at from the end for the first lines


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `instance` is RELEASE.SERVICE.INDEX, or `edge` or `keeper`."""

    instance: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The lines of each instance that are shown first."""

    lines: int | None = None  #: at most so many; None: 20 where no time is named, else all
    since: datetime | None = None  #: written since then

    @property
    def first(self) -> int:
        """How many, where no time is named."""
        return FIRST if self.lines is None else self.lines

    def behind(self, count: int) -> int:
        """How many of so many lines are left out at the beginning."""
        return 0 if self.lines is None else max(0, count - self.lines)


@dataclass
class Follower:
    """One log while it is read."""

    instance: str
    log: Path
    place: int = 0  #: bytes of the present log that have been read
    rotated: int | None = None  #: inode of log.1 when the log was last found emptied
    rest: bytes = b""  #: a line whose end has not come yet

    @classmethod
    def at_end(cls, instance: str, log: Path, lines: int) -> tuple[Follower, list[LogLine]]:
        """A follower of what comes after the last `lines`, and those lines."""
        follower = cls(instance, log, rotated=_inode(_older(log)))
        try:
            with open(log, "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - BACK))
                data = file.read()
                follower.place = file.tell()
        except FileNotFoundError:
            return follower, []
        whole, newline, follower.rest = data.rpartition(b"\n")
        shown = whole.split(b"\n")[-lines:] if newline and lines else []
        return follower, [follower._line(raw) for raw in shown]

    @classmethod
    def begun(cls, instance: str, log: Path, want: Wanted, marks: Marks) -> tuple[Follower, list[LogLine]]:
        """A follower of what comes after the lines that are wanted first, and those lines."""
        if want.since is None:
            return cls.at_end(instance, log, want.first)
        data, place = all_since(log, want.since.timestamp(), marks)
        follower = cls(instance, log, place, _inode(_older(log)))
        lines = follower._lines(data)
        return follower, lines[want.behind(len(lines)) :]

    def read(self) -> list[LogLine]:
        """What was written since."""
        data = b""
        if _size(self.log) < self.place:
            data = self._missed()
            self.place = 0
        fresh = _bytes(self.log, self.place)
        self.place += len(fresh)
        return self._lines(data + fresh)

    def _missed(self) -> bytes:
        """The log was emptied. When it was rotated, the copy has what was written after our place; else it is gone."""
        before, self.rotated = self.rotated, _inode(_older(self.log))
        return _bytes(_older(self.log), self.place) if self.rotated not in (None, before) else b""

    def finish(self) -> list[LogLine]:
        """The last line, when its end will never come."""
        return [self._line(self.rest)] if self.rest else []

    def _lines(self, data: bytes) -> list[LogLine]:
        *whole, self.rest = (self.rest + data).split(b"\n")
        return [self._line(raw) for raw in whole]

    def _line(self, raw: bytes) -> LogLine:
        return LogLine(self.instance, raw.decode(errors="replace").rstrip("\r"))


@dataclass
class Contained:
    """The log of a container while it is read."""

    instance: str
    log: ContainerLog

    @classmethod
    def begun(cls, instance: str, log: ContainerLog, want: Wanted) -> tuple[Contained, list[LogLine]]:
        """A follower of what comes after the lines that are wanted first, and those lines."""
        shown = log.last(want.first) if want.since is None else log.all_since(want.since)
        return cls(instance, log), [LogLine(instance, text) for text in shown[want.behind(len(shown)) :]]

    def read(self) -> list[LogLine]:
        """What was written since."""
        return [LogLine(self.instance, text) for text in self.log.news()]

    def finish(self) -> list[LogLine]:
        """The engine gives whole lines only."""
        return []


@dataclass
class Logs:
    """The logs of some services of an environment, or of all of them. What an instance was handed is masked."""

    place: Place
    services: Collection[str] = ()
    _followers: dict[str, Follower | Contained] = field(default_factory=dict)

    def last(self, want: Wanted) -> Iterator[LogLine]:
        """The lines of each instance that are wanted first, the instance that wrote last at the end."""
        for instance, log in sorted(self._found().items(), key=lambda row: _changed(row[1])):
            learn_secrets(self.place, instance)
            follower, shown = self._begun(instance, log, want)
            self._followers[instance] = follower
            yield from shown

    def news(self) -> Iterator[LogLine]:
        """What was written since the last call, by new instances too."""
        found = self._found()
        for instance, log in found.items():
            if instance not in self._followers:
                learn_secrets(self.place, instance)
                self._followers[instance] = (
                    Follower(instance, log) if isinstance(log, Path) else Contained(instance, log)
                )
            yield from self._followers[instance].read()
        for gone in self._followers.keys() - found.keys():
            yield from self._followers.pop(gone).finish()

    def rest(self) -> Iterator[LogLine]:
        """Lines without an end."""
        for follower in self._followers.values():
            yield from follower.finish()

    def _begun(
        self, instance: str, log: Path | ContainerLog, want: Wanted
    ) -> tuple[Follower | Contained, list[LogLine]]:
        if isinstance(log, Path):
            return Follower.begun(instance, log, want, Marks.of(self.place))
        return Contained.begun(instance, log, want)

    def _found(self) -> dict[str, Path | ContainerLog]:
        known = log_files(self.place)
        if not self.services:
            return {id: log for id, log in known.items() if "." in id}
        return {id: log for id, log in known.items() if _service(id) in self.services}

    def require(self) -> None:
        """UsageError when a service that was named has never written anything here."""
        there = sorted({_service(id) for id in log_files(self.place)})
        for name in self.services:
            if name not in there:
                from fairlead.project.problem import did_you_mean  # noqa: PLC0415

                known = f"there are {', '.join(there)}" if there else "nothing has run there yet"
                raise UsageError(f'no logs of "{name}"{did_you_mean(name, there)}', known)


def read_logs(logs: Logs, want: Wanted, follow: bool, pause: Callable[[float], None] = time.sleep) -> Iterator[LogLine]:
    """The lines that are wanted first, then, with `follow`, whatever comes, without end."""
    yield from logs.last(want)
    while follow:
        pause(EVERY)
        yield from logs.news()
    yield from logs.rest()


def log_files(place: Place) -> dict[str, Path | ContainerLog]:
    """Every log of the environment: instances by id, then the edge's and the keeper's own."""
    own = {"edge": _edge_log(place), "keeper": place.root / "keeper" / "log"}
    return _instances(place) | {name: log for name, log in own.items() if log.exists()}


def _edge_log(place: Place) -> Path:
    inside = place.edge / "log" / "traefik.log"
    return inside if inside.exists() else place.edge / "traefik.log"


def _instances(place: Place) -> dict[str, Path | ContainerLog]:
    if kept_runtime(place) == "docker":
        from fairlead.runtimes.docker.logs import container_logs  # noqa: PLC0415 — only where there is an engine

        return dict(container_logs(place))
    return dict(instance_logs(place))


def _service(id: str) -> str:
    return id.split(".")[1] if id.count(".") == 2 else id


def _older(log: Path) -> Path:
    return log.with_name(log.name + ".1")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _changed(log: Path | ContainerLog) -> float:
    """Containers come in the order in which they were started."""
    try:
        return log.stat().st_mtime if isinstance(log, Path) else 0.0
    except FileNotFoundError:
        return 0.0


def _bytes(path: Path, start: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""
