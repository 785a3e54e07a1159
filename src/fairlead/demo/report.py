"""What the traffic saw. Written by the clients' thread, read by the caller's at any time.

A request is lost when it got no answer: refused, cut, not answered in time, answered by the edge instead of the
application, or answered with something else than the whole truth (an echo that differs, a stream without its end).
The application's own 5xx are answers and count apart. WebSockets that end without a close frame are `cut`.
"""

from __future__ import annotations

import copy
import dataclasses
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

#: refused: no connection. cut: the connection ended first. timeout: no whole answer in time.
#: edge: the edge answered for the application. wrong: a whole answer that is not the right one
Why = Literal["refused", "cut", "timeout", "edge", "wrong"]

KEPT_LOSSES = 500  # enough to see a pattern; the totals go on counting
QUICK = ("get", "post", "fresh", "idle")  # kinds whose answer should come at once


class Failed(Exception):
    """A request or WebSocket that came to nothing, and why."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why: Why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Loss:
    """One lost request."""

    at: float  #: when it was lost, Unix time
    kind: str
    method: str
    path: str
    why: Why
    detail: str
    seconds: float  #: from its start to its loss


@dataclass(slots=True)
class KindTotals:
    """The requests of one kind of client. sent = answered + lost + unfinished, once the traffic has stopped."""

    sent: int = 0
    answered: int = 0  #: whole answers of the application, its own errors included
    lost: int = 0
    unfinished: int = 0  #: still open when the traffic was told to wait no longer
    app_errors: int = 0  #: 5xx made by the application
    longest: float = 0.0  #: longest time to a whole answer, seconds


@dataclass(slots=True)
class VersionTotals:
    """The answers of one version of the application ("" where it did not say)."""

    answers: int = 0
    app_errors: int = 0
    first: float = 0.0  #: Unix time of its first answer
    last: float = 0.0  #: Unix time of its last answer


@dataclass(slots=True)
class WebSocketTotals:
    """The WebSockets after their handshake (handshakes are requests of the kind `websocket`)."""

    opened: int = 0
    messages: int = 0  #: echoed
    closed: dict[int, int] = field(default_factory=dict)  #: by close code: ended by the server in an orderly way
    cut: int = 0  #: ended without a close frame, silent, wrong, or closed with the code of an error
    cuts: list[str] = field(default_factory=list)  #: how, the first ones


@dataclass(slots=True)
class TrafficReport:
    """Everything counted, so far or in the end."""

    seconds: float = 0.0  #: from start to stop
    sent: int = 0
    answered: int = 0
    lost: int = 0
    unfinished: int = 0
    app_errors: int = 0
    closed_idle: int = 0  #: kept-alive connections that the other side closed between two requests; no loss
    per_second: float = 0.0  #: answers per second
    longest_latency: float = 0.0  #: of the quick kinds: get, post, fresh, idle; seconds
    longest_gap: float = 0.0  #: longest time without a successful answer (below 500) from start to stop, seconds
    kinds: dict[str, KindTotals] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)  #: of the application's answers
    versions: dict[str, VersionTotals] = field(default_factory=dict)
    websocket: WebSocketTotals = field(default_factory=WebSocketTotals)
    losses: list[Loss] = field(default_factory=list)  #: the first ones; `lost` counts all

    def to_data(self) -> dict[str, Any]:
        """As plain JSON data."""
        return dataclasses.asdict(self)


class Tally:
    """Counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._report = TrafficReport()
        self._lock = threading.Lock()
        self._started = self._last_success = time.monotonic()
        self._stopped: float | None = None

    def stop(self) -> None:
        """Nothing new is sent from now on; what is open may still be answered."""
        with self._lock:
            self._stopped = time.monotonic()
            self._note_gap(self._stopped)

    def sent(self, kind: str) -> None:
        """A request is about to be sent (or its connection opened)."""
        with self._lock:
            self._report.sent += 1
            self._kind(kind).sent += 1

    def answered(self, kind: str, status: int, version: str, seconds: float) -> None:
        """The application gave a whole answer, `seconds` after the start of the request."""
        failed = status >= 500
        with self._lock:
            totals, report = self._kind(kind), self._report
            for each in (report, totals):
                each.answered += 1
                each.app_errors += failed
            totals.longest = max(totals.longest, seconds)
            report.statuses[status] = report.statuses.get(status, 0) + 1
            self._count_version(version, failed)
            if not failed:
                self._note_gap(time.monotonic())

    def lost(self, loss: Loss) -> None:
        """A request came to nothing."""
        with self._lock:
            self._report.lost += 1
            self._kind(loss.kind).lost += 1
            if len(self._report.losses) < KEPT_LOSSES:
                self._report.losses.append(loss)

    def unfinished(self, kind: str) -> None:
        """A request was given up by the caller, not by the service."""
        with self._lock:
            self._report.unfinished += 1
            self._kind(kind).unfinished += 1

    def closed_idle(self) -> None:
        """The other side ended a kept-alive connection while nothing was asked on it."""
        with self._lock:
            self._report.closed_idle += 1

    def websocket_opened(self) -> None:
        """A handshake succeeded."""
        with self._lock:
            self._report.websocket.opened += 1

    def websocket_message(self) -> None:
        """A message came back."""
        with self._lock:
            self._report.websocket.messages += 1

    def websocket_closed(self, code: int) -> None:
        """The server closed a WebSocket with a close frame."""
        with self._lock:
            closed = self._report.websocket.closed
            closed[code] = closed.get(code, 0) + 1

    def websocket_cut(self, detail: str) -> None:
        """A WebSocket ended as none should."""
        with self._lock:
            self._report.websocket.cut += 1
            if len(self._report.websocket.cuts) < KEPT_LOSSES:
                self._report.websocket.cuts.append(detail)

    def report(self) -> TrafficReport:
        """A copy of everything so far."""
        with self._lock:
            report = copy.deepcopy(self._report)
            until = self._stopped or time.monotonic()
            gap = until - self._last_success
        report.seconds = until - self._started
        report.per_second = report.answered / report.seconds if report.seconds else 0.0
        report.longest_gap = max(report.longest_gap, gap)
        quick = [totals.longest for kind, totals in report.kinds.items() if kind in QUICK]
        report.longest_latency = max(quick, default=0.0)
        return report

    def _kind(self, kind: str) -> KindTotals:
        return self._report.kinds.setdefault(kind, KindTotals())

    def _count_version(self, version: str, failed: bool) -> None:
        now = time.time()
        totals = self._report.versions.setdefault(version, VersionTotals(first=now))
        totals.answers += 1
        totals.app_errors += failed
        totals.last = now

    def _note_gap(self, now: float) -> None:
        """Keep the longest time between two successes; after the stop there is nothing to wait for any more."""
        if self._stopped is None or now <= self._stopped:
            self._report.longest_gap = max(self._report.longest_gap, now - self._last_success)
        self._last_success = now
