"""The log as numbers and names: positions, segments, timelines, and what is missing between two of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

SIZE = 16 << 20  #: bytes of a segment, as initdb has it where nobody says otherwise
PER_FILE = 0x100000000 // SIZE
SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
HISTORY = re.compile(r"^\s*(\d+)\s+([0-9A-F]+/[0-9A-F]+)", re.MULTILINE)

Place = tuple[int, int]
"""A timeline and the number of a segment."""


def position(lsn: str) -> int:
    """`0/2000028` in bytes from the beginning."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def number(lsn: int) -> int:
    """Of the segment that this position is in."""
    return lsn // SIZE


def segment_name(timeline: int, number: int) -> str:
    """As PostgreSQL calls its file."""
    return f"{timeline:08X}{number // PER_FILE:08X}{number % PER_FILE:08X}"


def place_of(name: str) -> Place | None:
    """The other way round; None for what is no segment."""
    found = SEGMENT.fullmatch(name)
    return (int(found[1], 16), int(found[2], 16) * PER_FILE + int(found[3], 16)) if found else None


def history_name(timeline: int) -> str:
    """Of the file that says which timelines lead to this one."""
    return f"{timeline:08X}.history"


def parents(history: str) -> tuple[tuple[int, int], ...]:
    """Each timeline that leads to it, with the position at which it was left, the oldest first."""
    return tuple((int(timeline), position(lsn)) for timeline, lsn in HISTORY.findall(history))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Segments of one timeline, both ends included."""

    timeline: int
    first: int
    last: int

    def places(self) -> Iterator[Place]:
        """Each."""
        return ((self.timeline, one) for one in range(self.first, self.last + 1))


def way(base: Place, left: Sequence[tuple[int, int]], to: Place) -> tuple[Stretch, ...] | None:
    """What leads from the first segment after a copy to `to`; None when that timeline does not come from it.

    `left`: the parents of that timeline. The segment in which one is left is read from its child, which has a copy.
    """
    timeline, first = base
    if timeline == to[0]:
        return (Stretch(timeline, first, to[1]),)
    found, seen = [], False
    for parent, lsn in left:
        seen = seen or parent == timeline
        if seen:
            if lsn < first * SIZE:
                return None
            found.append(Stretch(parent, first, number(lsn) - 1))
            first = number(lsn)
    return (*found, Stretch(to[0], first, to[1])) if seen else None


def missing(there: Collection[Place], needed: Sequence[Stretch]) -> list[Stretch]:
    """Where the log is broken: a server that recovers would stop there without a word."""
    found: list[Stretch] = []
    for timeline, one in (place for stretch in needed for place in stretch.places() if place not in there):
        last = found[-1] if found else None
        if last and (last.timeline, last.last + 1) == (timeline, one):
            found[-1] = Stretch(timeline, last.first, one)
        else:
            found.append(Stretch(timeline, one, one))
    return found


def shown(gap: Stretch) -> str:
    """For a person."""
    first, last = segment_name(gap.timeline, gap.first), segment_name(gap.timeline, gap.last)
    return first if first == last else f"{first} to {last}"
