"""Where the log of a store is kept: whole segments, the one that is being written, histories, and how far it goes.

PROJECT/ENVIRONMENT/STORE/wal/SYSTEM/TIMELINE/SEGMENT-BEAT-SHA256.gz.age is a segment. SYSTEM is PostgreSQL's own
number of the cluster, so that another one, of the same name, never mixes with it; BEAT is the last heartbeat that is in
it, in milliseconds, so that it is known before a restore how far one can come; SHA256 is of the segment itself, so that
writing it again changes nothing, and another segment of the same name is found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from fairlead.backups.catalogue import Owner
from fairlead.backups.destinations.base import Destination, Gone, get, put
from fairlead.backups.physical.wal import Place, history_name, number, parents, place_of, segment_name
from fairlead.backups.sealing import Damaged, WrongKey, seal, unseal
from fairlead.project.stack_backup import Encryption, EngineName

WHOLE = re.compile(r"([0-9A-F]{24})-(\d{13})-([0-9a-f]{64})\.gz\.age")
PARTIAL = re.compile(r"([0-9A-F]{24})\.partial\.gz\.age")
BEAT = re.compile(r"([0-9A-F]{24})-(\d{13})\.beat")
TOLD = re.compile(r"([0-9A-F]{8})\.(history\.gz\.age|json)")
GZIP = 31  #: zlib's number for the format of gzip


@dataclass(frozen=True, slots=True)
class Segment:
    """One that is kept. A whole one has a checksum."""

    place: Place
    object: str = ""  #: its name where it is kept
    stored: int = 0  #: bytes there
    beat: int = 0  #: milliseconds since 1970
    sha256: str = ""  #: of a whole one; pgBackRest's is a SHA-1
    local: Path | None = None  #: it is on this machine too
    engine: EngineName = "builtin"  #: that keeps it
    told: str = ""  #: the object that says its beat, where its own name does not

    @property
    def whole(self) -> bool:
        """Nothing will be added to it."""
        return bool(self.sha256)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a timeline is known to go: all that was committed until `time` is kept."""

    time: datetime
    lsn: int
    began: datetime  #: the first heartbeat on this timeline


@dataclass(frozen=True)
class Log:
    """The log of one cluster, as it is kept."""

    system: str
    segments: dict[Place, Segment] = field(default_factory=dict)
    reached: dict[int, Reached] = field(default_factory=dict)  #: by timeline
    left: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)  #: parents of each timeline
    twice: tuple[Place, ...] = ()  #: two different segments have this name: two clusters wrote to one place

    def last(self, timeline: int) -> int | None:
        """The newest segment of a timeline; None without any."""
        return max((one for at, one in self.segments if at == timeline), default=None)

    def end(self, timeline: int) -> int | None:
        """The newest segment that there is or was: one that was carried away, and is gone now, is missing."""
        reached = self.reached.get(timeline)
        found = (self.last(timeline), number(reached.lsn - 1) if reached else None)
        return max((one for one in found if one is not None), default=None)

    @property
    def stored(self) -> int:
        """Bytes of all of it."""
        return sum(one.stored for one in self.segments.values())


class Elsewhere(Protocol):
    """A place where another engine keeps log of the same store."""

    def systems(self) -> tuple[str, ...]:
        """The clusters whose log is in it."""

    def segments(self, system: str) -> Iterator[Segment]:
        """What there is."""

    def left(self, system: str, keys: Sequence[Any]) -> dict[int, tuple[tuple[int, int], ...]]:
        """Of each timeline that was switched to, its parents."""

    def read(self, system: str, name: str, keys: Sequence[Any], checksum: str = "", /) -> bytes:
        """An object, opened. WrongKey, Damaged, Gone."""

    def history(self, system: str, timeline: int, keys: Sequence[Any]) -> bytes:
        """Gone."""

    def session(self, system: str, keys: Sequence[Any]) -> contextlib.AbstractContextManager[None]:
        """Much will be read meanwhile."""


class Archive:
    """The log of one store, of each cluster that it ever was.

    A segment is the same whoever keeps it: so a copy of one engine is recovered with the log of the other too.
    """

    def __init__(
        self, where: Destination, owner: Owner, elsewhere: Elsewhere | None = None, cipher: Encryption = "age"
    ) -> None:
        self.where, self.owner, self.elsewhere, self.cipher = where, owner, elsewhere, cipher
        self.prefix = f"{owner.prefix}/wal"

    def systems(self) -> tuple[str, ...]:
        """The clusters that wrote to it."""
        names = (item.name.removeprefix(f"{self.prefix}/") for item in self.where.items(self.prefix))
        more = self.elsewhere.systems() if self.elsewhere else ()
        return tuple(sorted({*(name.partition("/")[0] for name in names), *more}))

    def log(self, system: str, keys: Sequence[Any] = (), spool: Path | None = None) -> Log:
        """What is kept of a cluster. With `spool` what is still on this machine is in it.

        Without keys the histories stay closed, which only more than one timeline needs. Unreachable.
        """
        segments: dict[Place, Segment] = {}
        twice, reached, left = set(), {}, {}
        beats: dict[str, tuple[int, str]] = {}
        for item in self.where.items(f"{self.prefix}/{system}"):
            name = item.name.rpartition("/")[2]
            if found := _segment(name, item.name, item.size):
                other = segments.get(found.place)
                if other and other.whole and found.whole and other.sha256 != found.sha256:
                    twice.add(found.place)
                if other is None or found.whole:
                    segments[found.place] = found
            elif said := BEAT.fullmatch(name):
                beats[said[1]] = (int(said[2]), item.name)
            elif told := TOLD.fullmatch(name):
                timeline = int(told[1], 16)
                if told[2] == "json":
                    reached[timeline] = _reached(get(self.where, item.name))
                elif keys:
                    left[timeline] = parents(self.read(item.name, keys).decode())
        if self.elsewhere:
            left = (self.elsewhere.left(system, keys) if keys else {}) | left
            more = {one.place: _told(one, beats) for one in self.elsewhere.segments(system)}
            segments = more | {place: one for place, one in segments.items() if one.whole or place not in more}
        log = Log(system, segments, reached, left, tuple(sorted(twice)))
        return _with_spool(log, spool) if spool else log

    def path(self, system: str, timeline: int, name: str) -> str:
        """Of an object."""
        return f"{self.prefix}/{system}/{timeline:08X}/{name}"

    def keep(self, system: str, place: Place, data: bytes, beat: int, keys: Sequence[Any]) -> str:
        """A whole segment, and its beginning goes; its name there."""
        name = segment_name(*place)
        kept = f"{name}-{beat:013d}-{hashlib.sha256(data).hexdigest()}.gz.age"
        self._write(self.path(system, place[0], kept), data, keys)
        self.where.delete(self.path(system, place[0], f"{name}.partial.gz.age"))
        return kept

    def keep_partial(self, system: str, place: Place, data: bytes, keys: Sequence[Any]) -> None:
        """The segment that is being written, as far as it is. In the place of what was kept of it before."""
        self._write(self.path(system, place[0], f"{segment_name(*place)}.partial.gz.age"), data, keys)

    def keep_beat(self, system: str, place: Place, beat: int) -> None:
        """The last that is in a segment which another engine keeps."""
        put(self.where, self.path(system, place[0], f"{segment_name(*place)}-{beat:013d}.beat"), b"")

    def keep_history(self, system: str, timeline: int, data: bytes, keys: Sequence[Any]) -> None:
        """Which timelines lead to this one."""
        self._write(self.path(system, timeline, f"{history_name(timeline)}.gz.age"), data, keys)

    def keep_reached(self, system: str, timeline: int, reached: Reached) -> None:
        """How far it goes now."""
        put(self.where, self.path(system, timeline, f"{timeline:08X}.json"), reached_text(reached))

    def reached(self, system: str, timeline: int) -> Reached | None:
        """How far it was known to go."""
        with contextlib.suppress(Gone):
            return _reached(get(self.where, self.path(system, timeline, f"{timeline:08X}.json")))
        return None

    def _write(self, name: str, data: bytes, keys: Sequence[Any]) -> None:
        packed = zlib.compressobj(1, wbits=GZIP)
        with self.where.writing(name) as write:
            seal(BytesIO(packed.compress(data) + packed.flush()), write, keys, self.cipher)

    def read(self, name: str, keys: Sequence[Any], sha256: str = "") -> bytes:
        """An object, opened. WrongKey; Damaged, when it is not what was written; Gone."""
        out = bytearray()
        what = name.rpartition("/")[2]
        with self.where.reading(name) as pieces:
            unseal(pieces, out.extend, keys, None, what)
        try:
            data = zlib.decompress(bytes(out), wbits=GZIP)
        except zlib.error as error:
            raise Damaged(f"{what} is damaged: {error}", "restore to a moment before it") from error
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise Damaged(f"{what} is not what was written: its checksum is another one", "restore to before it")
        return data

    @contextlib.contextmanager
    def session(self, log: Log, keys: Sequence[Any]) -> Iterator[None]:
        """Much of this log will be read meanwhile."""
        there = self.elsewhere if any(one.engine != "builtin" for one in log.segments.values()) else None
        with there.session(log.system, keys) if there else contextlib.nullcontext():
            yield

    def bytes_of(self, system: str, segment: Segment, keys: Sequence[Any]) -> bytes:
        """A segment, from this machine where it is here. One that was being written may be whole by now."""
        for path in (segment.local, segment.local.with_suffix("")) if segment.local else ():
            with contextlib.suppress(FileNotFoundError):
                return path.read_bytes()
        if segment.engine != "builtin" and self.elsewhere:
            return self.elsewhere.read(system, segment.object, keys, segment.sha256)
        try:
            return self.read(segment.object, keys, segment.sha256)
        except Gone:
            now = None if segment.whole else self._whole(system, segment.place)
            if now is None:
                raise
            return self.read(now.object, keys, now.sha256)

    def _whole(self, system: str, place: Place) -> Segment | None:
        items = self.where.items(f"{self.prefix}/{system}/{place[0]:08X}")
        found = (_segment(item.name.rpartition("/")[2], item.name, item.size) for item in items)
        return next((one for one in found if one and one.whole and one.place == place), None)

    def history(self, system: str, timeline: int, keys: Sequence[Any]) -> bytes:
        """Gone."""
        if self.elsewhere:
            with contextlib.suppress(Gone):
                return self.elsewhere.history(system, timeline, keys)
        return self.read(self.path(system, timeline, f"{history_name(timeline)}.gz.age"), keys)

    def wrong(self, log: Log, keys: Sequence[Any]) -> list[str]:
        """Read all of it: what is not as it was written. WrongKey says nothing of the log, so it comes through."""
        found = [
            f"there are two different {segment_name(*place)}: two servers wrote to one place" for place in log.twice
        ]
        with self.session(log, keys):
            found += self._unlike(log, keys)
        return found

    def _unlike(self, log: Log, keys: Sequence[Any]) -> Iterator[str]:
        for one in sorted(log.segments.values(), key=lambda it: it.place):
            try:
                self.bytes_of(log.system, replace(one, local=None), keys)
            except WrongKey:
                raise
            except (Damaged, Gone) as error:
                yield error.message

    def remove(self, segments: Iterable[Segment]) -> None:
        """These go, as far as they are kept here."""
        for one in segments:
            if name := one.object if one.engine == "builtin" else one.told:
                self.where.delete(name)


def reached_text(reached: Reached) -> bytes:
    """JSON."""
    data = {"time": reached.time.isoformat(), "lsn": reached.lsn, "began": reached.began.isoformat()}
    return json.dumps(data).encode()


def _reached(data: bytes) -> Reached:
    try:
        said = json.loads(data)
        return Reached(_time(said["time"]), int(said["lsn"]), _time(said["began"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            "what says how far the log goes is damaged", "it is written anew within 10 s of a commit"
        ) from error


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _segment(name: str, object: str, size: int) -> Segment | None:
    if found := WHOLE.fullmatch(name):
        place = place_of(found[1])
        return Segment(place, object, size, int(found[2]), found[3]) if place else None
    if (found := PARTIAL.fullmatch(name)) and (place := place_of(found[1])):
        return Segment(place, object, size)
    return None


def _told(one: Segment, beats: Mapping[str, tuple[int, str]]) -> Segment:
    beat, name = beats.get(segment_name(*one.place), (0, ""))
    return replace(one, beat=beat, told=name)


def _with_spool(log: Log, spool: Path) -> Log:
    """What was not carried away yet when the server was lost."""
    folder = spool / log.system
    segments, reached = dict(log.segments), dict(log.reached)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name.removesuffix(".partial")
        if place := place_of(name):
            kept = segments.get(place)
            if kept is None or not kept.whole:
                segments[place] = replace(kept or Segment(place), local=path)
        elif (told := TOLD.fullmatch(path.name)) and told[2] == "json":
            reached[int(told[1], 16)] = _reached(path.read_bytes())
    return replace(log, segments=segments, reached=reached)
