"""Traefik's `/metrics`, read line by line: it is asked every second, so a parser of the whole format costs too much.

Everything is taken from the histogram of answers. Its counts belong together, which those of two metrics of one
answer of `/metrics` do not: requests end while it is written. Labels stand in the order of their names, and `le` last.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from fairlead.edges.counters import Counters, PoolCounts
from fairlead.render.traefik import SHADOW

_BUCKET = re.compile(
    r'^traefik_service_request_duration_seconds_bucket\{(code=".*),le="([^"]+)"\} (\S+)$', re.MULTILINE
)
_LABELS = re.compile(
    r'code="(\d{1,3})",method="[^"]*",protocol="([^"]*)",service="(?:wait[0-9]+:)?([a-z]+:)?([^"@:]+)@file"'
)
_RELOADS = re.compile(r"^traefik_config_reloads_total (\S+)$", re.MULTILINE)
_STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)
_STREAMS = ("websocket", "sse")
_LARGEST = 2**53  #: beyond it a count written as a floating point number is not exact


def parse(text: str) -> Counters:
    """What it counted. A number that cannot be one is an error of the whole: nobody knows what else is wrong."""
    try:
        if not text.endswith("\n"):
            raise ValueError("they break off")
        started, reloads = _one(_STARTED, text), _one(_RELOADS, text)
        pools = _pools(text)
        bounds = tuple(float(bound) for bound in pools.bounds)
    except ValueError as error:
        return Counters(error=f"the edge's counters make no sense: {error}")
    return Counters(pools.counts(""), pools.counts(SHADOW), bounds, started, int(reloads))


def _one(pattern: re.Pattern[str], text: str) -> float:
    found = pattern.search(text)
    if found is None:
        raise ValueError("the edge's start or its reloads are missing")
    return _checked(float(found.group(1)), found.group(1))


class _Pools:
    """Series added up by pool, which are by status code, method and protocol."""

    def __init__(self) -> None:
        self.bounds: tuple[str, ...] = ()
        self._codes: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        self._buckets: dict[tuple[str, str], list[int]] = {}

    def add(self, pool: tuple[str, str], code: int, stream: bool, lines: Iterable[tuple[str, str, str]]) -> None:
        """One histogram, its lines in their order."""
        _, names, values = zip(*lines, strict=True)
        if names[-1] != "+Inf" or self.bounds not in ((), names[:-1]):
            raise ValueError("a histogram is not whole")
        self.bounds = names[:-1]
        *alone, total = _series(values)
        self._codes[pool][code] = self._codes[pool].get(code, 0) + total
        known = self._buckets.setdefault(pool, [0] * len(alone))
        for place, count in enumerate([total] if stream else alone):
            known[place] += count

    def counts(self, kind: str) -> dict[str, PoolCounts]:
        """By name, of the pools whose name begins with `kind`."""
        return {
            pool[1]: PoolCounts(codes, tuple(self._buckets[pool]))
            for pool, codes in self._codes.items() if pool[0] == kind
        }  # fmt: skip


def _pools(text: str) -> _Pools:
    pools = _Pools()
    for labels, lines in groupby(_BUCKET.findall(text), key=lambda line: line[0]):
        if read := _LABELS.fullmatch(labels):
            code, protocol, kind, name = read.groups()
            pools.add((kind or "", name), int(code), protocol in _STREAMS and int(code) < 400, lines)
    return pools


def _series(values: tuple[str, ...]) -> list[int]:
    """The counts of one histogram, each bucket alone; its total comes last."""
    counts = [int(value) if value.isdecimal() else int(_checked(float(value), value)) for value in values]
    alone = [now - before for before, now in zip([0, *counts], counts, strict=False)]
    if min(alone) < 0 or counts[-1] > _LARGEST:
        raise ValueError(f"buckets of {', '.join(values)}")
    return [*alone[:-1], counts[-1]]


def _checked(number: float, text: str) -> float:
    if not (math.isfinite(number) and 0 <= number <= _LARGEST):
        raise ValueError(f"a count of {text}")
    return number
