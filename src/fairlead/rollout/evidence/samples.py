"""Samples of the live release's counters, about one a minute, in a file of JSON lines: what `history` is read from.

A sample has what was counted since the edge started, so one that is left out or damaged costs nothing but detail: the
difference of its neighbours has what it had. Those older than an hour are thinned out, and those older than a day go.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.edges.base import Edge
from fairlead.edges.counters import Counters, PoolCounts
from fairlead.errors import FairleadError
from fairlead.rollout.evidence.growth import pool_name
from fairlead.system.clock import boot_seconds, now
from fairlead.system.files import write_file
from fairlead.system.home import Place

EVERY = 55.0  #: seconds; a little less than the keeper's minute, so that none is missed by a hair
KEPT = 25 * 3600.0  #: seconds
FINE = 3600.0  #: seconds for which all samples are kept
COARSE = 600.0  #: seconds between older ones
MOST = 2000  #: samples
LARGEST = 2**53  #: a count beyond it is none


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters of the release that was live. `last`: a rollout came after it, which the history is not to have."""

    at: float  #: Unix time
    boot: float  #: seconds since the machine started
    release: str
    counters: Counters
    last: bool = False

    def follows(self, other: Sample) -> bool:
        """Whether what came between the two is the difference of their counts."""
        same = self.release == other.release and self.counters.same_process(other.counters)
        return same and self.boot > other.boot and not other.last

    def line(self) -> str:
        """As it stands in the file."""
        pools = {name: [counts.codes, counts.buckets] for name, counts in self.counters.pools.items()}
        data = {
            "at": round(self.at, 3), "boot": round(self.boot, 3), "release": self.release, "last": self.last,
            "started": self.counters.started, "bounds": self.counters.bounds, "pools": pools,
        }  # fmt: skip
        return json.dumps(data, separators=(",", ":")) + "\n"


def file_of(place: Place) -> Path:
    """Where the samples of an environment lie."""
    return place.root / "counts.jsonl"


def sample(place: Place, edge: Edge, release: str, services: Iterable[str], last: bool = False) -> None:
    """Take one, if the one before is a minute old; `last` takes one in any case, right before a rollout.

    Cheap when there is nothing to do: one look at a file's time. An edge that does not answer and a disk that is
    full make no sample, and no error: nothing depends on a single one.
    """
    path = file_of(place)
    moment = now().timestamp()
    taken = _taken(path)
    if taken is not None and 0 <= moment - taken < EVERY and not last:
        return
    counters = edge.counters()
    if counters.error:
        return
    pools = counters.of({pool_name(service, release) for service in services})
    with contextlib.suppress(OSError, FairleadError):
        _append(path, Sample(moment, boot_seconds(), release, pools, last).line())
        if taken is None or taken // FINE != moment // FINE:
            kept = thinned(read(path), moment)
            write_file(path, "".join(one.line() for one in kept), 0o600)


def _taken(path: Path) -> float | None:
    """When the last one was."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _append(path: Path, line: str) -> None:
    with open(path, "ab+") as file:
        path.chmod(0o600)
        if file.tell():
            file.seek(-1, 2)
            line = line if file.read(1) == b"\n" else "\n" + line  # the one before was torn
        file.write(line.encode())


def thinned(samples: list[Sample], moment: float) -> list[Sample]:
    """Those worth keeping at that Unix time, oldest first."""
    young = [one for one in samples if moment - one.at < KEPT]
    kept: list[Sample] = []
    for one, after in zip(young, [*young[1:], None], strict=True):
        between = kept and after and one.follows(kept[-1]) and after.follows(one)
        if not (between and moment - one.at > FINE and 0 <= one.at - kept[-1].at < COARSE):
            kept.append(one)
    return kept[-MOST:]


def read(path: Path) -> list[Sample]:
    """All that can be read, in the order they were written."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    return [one for one in map(_sample, lines) if one]


def _sample(line: bytes) -> Sample | None:
    """None for a line that was torn, or changed by somebody."""
    try:
        data = json.loads(line)
        pools = {str(name): _pool(*counts) for name, counts in data["pools"].items()}
        bounds = tuple(_number(bound) for bound in data["bounds"])
        counters = Counters(pools, bounds=bounds, started=_number(data["started"]))
        times = _number(data["at"]), _number(data["boot"])
        return Sample(*times, str(data["release"]), counters, data.get("last") is True)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _pool(codes: dict[str, Any], buckets: list[Any]) -> PoolCounts:
    return PoolCounts({int(code): _count(n) for code, n in codes.items()}, tuple(_count(n) for n in buckets))


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise ValueError(value)
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= LARGEST:  # NaN is not
        raise ValueError(value)
    return float(value)
