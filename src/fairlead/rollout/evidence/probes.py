"""Fairlead's own requests to the new release, through the edge: with few users they are most of what is known of it.

They come evenly, each in a thread of its own, so that one that hangs holds up neither the next ones nor whoever asks
what came. So many hang at one time and no more: then nothing is asked until one of them has given up, and what was due
meanwhile is left out, never made up for in a burst.

When one fails, the stable release is asked the same: what fails there too is nothing the new release is to blame for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from fairlead.errors import FairleadError
from fairlead.project.stack import Service, Smoke, Stack
from fairlead.rollout.checks import Failure, asked, judge
from fairlead.rollout.verdict.evidence import Probes
from fairlead.system.http import Answer

Ask = Callable[[str, str | None, dict[str, str], float], Answer]
"""`Edge.ask`: path, host, headers, timeout in seconds."""

MOST = 16  #: probes at one time
NOBODY = "connection refused"  #: what only the edge itself can say: of a release that is gone it says 502


def probe_tests(stack: Stack) -> tuple[Smoke, ...]:
    """What probes ask: what the policy says, or the smoke tests, or the health check of each service with a route.

    A health check counts only where a route of the service leads to it; else the route itself is asked. Any answer
    below 500 passes there (status 0), because nobody said which one is right.
    """
    declared = stack.rollout.judge.probes or stack.smoke
    return declared or tuple(_own_test(stack, service) for service in stack.services if service.routes)


def _own_test(stack: Stack, service: Service) -> Smoke:
    health = service.health
    for path in (health.ready, health.live):
        for route in service.routes if path else ():
            test = Smoke(path or "", route.host, status=0, timeout=health.timeout)
            if asked(stack, test) == service.name:
                return test
    first = service.routes[0]
    return Smoke(first.path, first.host, status=0)


class Tally:
    """What probes came to, since the last look and in a row."""

    def __init__(self, over: float | None) -> None:
        self._over = over
        self._sent = self._failed = self._slow = self._in_a_row = 0
        self._last_failure = ""

    def add(self, test: Smoke, answer: Answer, seconds: float) -> None:
        """One that was answered, or was not in time. An edge that takes no connection says nothing of a release."""
        if _nobody(answer):
            return
        why = judge(test, answer)
        self._sent += 1
        self._slow += not why and self._over is not None and seconds > self._over
        self._failed += bool(why)
        self._in_a_row = self._in_a_row + 1 if why else 0
        if why:
            self._last_failure = str(Failure(test, why))

    def take(self) -> Probes:
        """What came since the last take."""
        found = Probes(self._sent, self._failed, self._slow, self._in_a_row, self._last_failure)
        self._sent = self._failed = self._slow = 0
        return found


class Pace:
    """When to ask: evenly, the first time at once. What was missed is left out."""

    def __init__(self, rate: float, now: float) -> None:
        self._gap = 1 / rate
        self._next = now

    def wait(self, now: float) -> float:
        """Seconds until the next one is due; 0 when it is, and then it is taken for done."""
        if now < self._next:
            return self._next - now
        self._next += self._gap * (1 + (now - self._next) // self._gap)
        return 0.0


@dataclass(frozen=True, slots=True)
class Control:
    """A probe that failed, asked of the stable release."""

    test: Smoke
    failed: bool  #: there too


class ProbeStream:
    """Asks `tests` in turn with `header`, `rate` times a second, until it is closed. Slow: longer than `over` seconds.

    No tests or a rate of 0: it asks nothing. `control` is the header of the stable release, where there is one.
    """

    def __init__(
        self, ask: Ask, tests: tuple[Smoke, ...], header: dict[str, str], rate: float, over: float | None,
        control: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._ask, self._tests, self._header, self._rate, self._control = ask, tests, header, rate, control
        self._controls: list[Control] = []
        self._tally = Tally(over)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._free = threading.Semaphore(MOST)
        if tests and rate > 0:
            threading.Thread(target=self._run, name="probes", daemon=True).start()

    def take(self) -> Probes:
        """What came since the last take; never waits for a probe."""
        with self._lock:
            return self._tally.take()

    def take_controls(self) -> tuple[Control, ...]:
        """What the stable release said to probes that failed, since the last time; to be asked right after `take`."""
        with self._lock:
            found, self._controls = tuple(self._controls), []
            return found

    def close(self) -> None:
        """Send no more. Returns at once: what is still open ends by itself, and counts for nothing."""
        self._closed.set()

    def _run(self) -> None:
        pace, tests = Pace(self._rate, time.monotonic()), cycle(self._tests)
        while not self._closed.is_set():
            left = pace.wait(time.monotonic())
            if left:
                self._closed.wait(left)
            elif self._free.acquire(blocking=False):
                threading.Thread(target=self._probe, args=(next(tests),), name="probe", daemon=True).start()

    def _probe(self, test: Smoke) -> None:
        begun = time.monotonic()
        try:
            answer = self._answer(test, self._header)
            seconds = time.monotonic() - begun
            failed = not _nobody(answer) and judge(test, answer)
            control = self._answer(test, self._control) if failed and self._control else None
        finally:
            self._free.release()
        with self._lock:
            if self._closed.is_set():
                return
            self._tally.add(test, answer, seconds)
            if control is not None and not _nobody(control):
                self._controls.append(Control(test, bool(judge(test, control))))

    def _answer(self, test: Smoke, header: dict[str, str]) -> Answer:
        try:
            return self._ask(test.path, test.host, dict(header), test.timeout)
        except (FairleadError, OSError):  # the edge's own files cannot be read: nobody was asked
            return Answer(0, error=NOBODY)


def _nobody(answer: Answer) -> bool:
    return answer.status == 0 and answer.error == NOBODY
