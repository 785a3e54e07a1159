"""Counts that cannot be: an edge that counts wrongly must cost a verdict, never the deployment."""

from __future__ import annotations

import math
from dataclasses import replace

from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick

_MOST = 10**12  #: answers of one service that nobody has, be it in a tick or in a day


def nonsense(tick: Tick) -> str:
    """Why these counts cannot be true, for a person; empty if they can."""
    for release, sides in (("new", tick.canary), ("stable", tick.stable)):
        for name, side in sides.items():
            if wrong := _wrong_side(side):
                return f"counts of {name} of the {release} release make no sense: {wrong}"
    probes = tick.probes
    if not all(_is_count(value) for value in (probes.sent, probes.failed, probes.slow, probes.in_a_row)):
        return "counts of probes make no sense"
    return "more probes failed than were sent" if max(probes.failed, probes.slow) > probes.sent else ""


def tidy(tick: Tick) -> Tick:
    """The tick with a time and a weight that can be reckoned with."""
    seconds = tick.seconds if _is_number(tick.seconds) and tick.seconds > 0 else 0.0
    weight = min(max(tick.weight, 0.0), 100.0) if _is_number(tick.weight) else 0.0
    return replace(tick, seconds=min(seconds, 1e9), weight=weight)


def tidy_probes(probes: Probes) -> Probes:
    """The probes, without what cannot be."""
    sent, failed, slow = (value if _is_count(value) else 0 for value in (probes.sent, probes.failed, probes.slow))
    in_a_row = probes.in_a_row if _is_count(probes.in_a_row) else 0
    return replace(probes, sent=sent, failed=failed, slow=slow, in_a_row=in_a_row)


def tidy_history(history: History) -> History:
    """The history, without services whose counts cannot be."""
    return replace(history, services={name: side for name, side in history.services.items() if not _wrong_side(side)})


def _wrong_side(side: Side) -> str:
    if not _is_count(side.requests) or not _is_count(side.errors):
        return f"{side.errors} errors in {side.requests} requests"
    if side.errors > side.requests:
        return f"{side.errors} errors in {side.requests} requests"
    if side.slow is not None and (not _is_count(side.slow) or side.slow > side.requests):
        return f"{side.slow} slow answers in {side.requests} requests"
    return "" if _right_buckets(side) else "buckets of latency"


def _right_buckets(side: Side) -> bool:
    last, total = -math.inf, 0
    for bound, answers in side.buckets:
        if not _is_count(answers) or not _is_number(bound) or bound <= last:
            return False
        last, total = bound, total + answers
    return total <= side.requests


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _MOST


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _MOST and math.isfinite(value)
