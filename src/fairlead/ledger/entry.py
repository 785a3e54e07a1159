"""What one entry of the ledger holds, and the bytes that are hashed for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The Merkle tree over all entries: how many there are, and the root (64 hex digits) over their leaves."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `time` never runs backwards from one entry to the next; when the machine's clock was behind the entry before,
    `clock` is what it said. `leaf` and `root` are 64 hex digits: the RFC 6962 leaf hash of this entry and the tree
    head after it.
    """

    number: int  #: 1 for the first
    time: str  #: UTC, ISO 8601 with microseconds, `2025-01-31T12:00:00.000000+00:00`
    kind: str
    rollout: int | None
    data: dict[str, Any]
    leaf: str
    root: str
    clock: str | None = None

    def when(self) -> datetime:
        """`time` as a moment, in UTC."""
        return datetime.fromisoformat(self.time)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries, and in which order. None means all."""

    kinds: tuple[str, ...] | None = None
    rollout: int | None = None
    newest_first: bool = False


def stamp(moment: datetime) -> str:
    """A moment as the ledger writes it: fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def body_of(number: int, times: tuple[str, str], kind: str, rollout: int | None, data: Mapping[str, object]) -> str:
    """The canonical JSON that is stored and hashed: sorted keys, no blanks, ASCII. `times` are corrected and real.

    TypeError or ValueError when `data` is not JSON: a wrong call, found before anything is written.
    """
    time, clock = times
    content = {"number": number, "time": time, "kind": kind, "rollout": rollout, "data": dict(data)}
    if clock != time:
        content["clock"] = clock
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def entry_of(body: str, leaf: str, root: str) -> Entry:
    """The entry a stored body describes. KeyError, TypeError or ValueError when it is not such a body."""
    content = json.loads(body)
    return Entry(
        content["number"], content["time"], content["kind"], content["rollout"], content["data"], leaf, root,
        content.get("clock"),
    )  # fmt: skip
