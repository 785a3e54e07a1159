"""The pulse of an environment while something happens to it: requests a second, errors, lost, counted by the edge."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from fairlead.edges.base import Edge, Traffic
from fairlead.edges.table import edge_of
from fairlead.errors import FairleadError
from fairlead.project.stack import RuntimeName
from fairlead.rollout.events import Emit, Event
from fairlead.system.home import Place

EVERY = 1.0  #: seconds


@contextlib.contextmanager
def pulse(place: Place, runtime: RuntimeName, emit: Emit) -> Iterator[Emit]:
    """Pass events on to `emit`, and from the plan on add a `pulse` event each second.

    It begins with the plan because the edge is up by then; asking it earlier could be in the way of its start.
    """
    over, begun = threading.Event(), threading.Event()
    thread = threading.Thread(target=_beat, args=(edge_of(runtime, place), emit, over), daemon=True)

    def passed(event: Event) -> None:
        emit(event)
        if event.kind == "plan" and not begun.is_set():
            begun.set()
            thread.start()

    try:
        yield passed
    finally:
        over.set()
        if begun.is_set():
            thread.join(5)


def _beat(edge: Edge, emit: Emit, over: threading.Event) -> None:
    first = last = _traffic(edge)
    then = time.monotonic()
    while not over.wait(EVERY):
        seen, now = _traffic(edge), time.monotonic()
        if first and last and seen:
            emit(_event(seen.since(last), seen.since(first), now - then))
        first, last, then = first or seen, seen or last, now


def _traffic(edge: Edge) -> Traffic | None:
    try:
        return edge.traffic()
    except (FairleadError, OSError, ValueError):  # the edge is being restarted: the next beat will tell
        return None


def _event(now: Traffic, whole: Traffic, seconds: float) -> Event:
    rate = _total(now) / seconds
    errors = max(0, sum(whole.errors(release) for release in whole.by_release) - whole.edge_made)
    text = f"{rate:.0f} requests/s, {_total(whole)} so far, {whole.edge_made} lost, {errors} application errors"
    data: dict[str, object] = {
        "requests_per_second": round(rate, 1), "requests": _total(whole), "lost": whole.edge_made, "errors": errors,
    }  # fmt: skip
    return Event("pulse", text, data)


def _total(traffic: Traffic) -> int:
    return sum(traffic.total(release) for release in traffic.by_release)
