"""What probes ask, when, and what they count; the threads themselves with an edge that hangs."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fairlead.errors import FairleadError
from fairlead.project.stack import Health, Judge, Rollout, Route, Service, Smoke, Stack
from fairlead.rollout.evidence.probes import MOST, Pace, ProbeStream, Tally, probe_tests
from fairlead.rollout.verdict.evidence import Probes
from fairlead.system.clock import wait_until
from fairlead.system.http import Answer

ROOT = Smoke("/")
GOOD, BAD, NONE = Answer(200), Answer(500), Answer(0, error="no answer within 5 s")


# ---- what they ask


def web(**health: str) -> Service:
    return Service("web", "run", port=80, routes=(Route("/"),), health=Health(**health, timeout=2.0))  # type: ignore[arg-type]


def test_the_policy_says_what_is_asked() -> None:
    declared, smoke = (Smoke("/declared"),), (Smoke("/smoke", contains="shop"),)
    stack = Stack("p", "e", services=(web(ready="/ready"),), smoke=smoke)
    assert probe_tests(replace(stack, rollout=Rollout(judge=Judge(probes=declared)))) == declared
    assert probe_tests(stack) == smoke


def test_health_checks_where_a_route_leads_to_them() -> None:
    api = Service("api", "run", port=80, routes=(Route("/api", "a.example"),), health=Health(ready="/api/ready"))
    inner = Service(
        "inner", "run", port=80, routes=(Route("/inner"),), health=Health(ready="/ready", live="/inner/live")
    )
    hidden = Service("hidden", "run", port=80, routes=(Route("/hidden"),), health=Health(ready="/ready"))
    worker = Service("worker", "run", health=Health(ready="/ready"))
    stack = Stack("p", "e", services=(web(ready="/ready"), api, inner, hidden, worker))
    assert probe_tests(stack) == (
        Smoke("/ready", status=0, timeout=2.0),
        Smoke("/api/ready", "a.example", status=0),
        Smoke("/inner/live", status=0),
        Smoke("/hidden", status=0),
    )


def test_without_health_checks_the_first_route() -> None:
    assert probe_tests(Stack("p", "e", services=(web(),))) == (Smoke("/", status=0),)
    assert probe_tests(Stack("p", "e", services=(Service("worker", "run"),))) == ()


# ---- what is counted


def test_counts() -> None:
    tally = Tally(over=0.3)
    for answer, seconds in ((GOOD, 0.1), (GOOD, 0.4), (BAD, 0.4), (NONE, 5.0)):
        tally.add(ROOT, answer, seconds)
    assert tally.take() == Probes(4, 2, 1, 2, "GET /: no answer within 5 s")
    assert tally.take() == Probes(0, 0, 0, 2, "GET /: no answer within 5 s")


def test_failures_in_a_row_go_on_over_takes_and_end_with_a_good_one() -> None:
    tally = Tally(over=None)
    rows = []
    for answer in (BAD, BAD, GOOD, BAD):
        tally.add(ROOT, answer, 9.0)
        rows.append(tally.take().in_a_row)
    assert rows == [1, 2, 0, 1]


def test_a_failure_is_a_sentence() -> None:
    tally = Tally(over=None)
    tally.add(Smoke("/shop", "shop.example", contains="cart"), Answer(200, b"nothing"), 0.1)
    assert tally.take().last_failure == "GET shop.example/shop: the answer does not contain 'cart'"
    tally.add(ROOT, BAD, 0.1)
    assert tally.take().last_failure == "GET /: expected status 200, got 500"


def test_an_edge_that_takes_no_connection_says_nothing_of_the_release() -> None:
    """A release that is gone is a 502 of the edge."""
    tally = Tally(over=None)
    tally.add(ROOT, Answer(0, error="connection refused"), 0.0)
    assert tally.take() == Probes()
    tally.add(ROOT, Answer(502), 0.0)
    tally.add(ROOT, Answer(0, error="the answer broke off"), 0.0)
    assert tally.take().in_a_row == 2


# ---- when


def due(pace: Pace, *times: float) -> list[bool]:
    return [pace.wait(now) == 0 for now in times]


def test_evenly_and_at_once() -> None:
    pace = Pace(2.0, 100.0)
    assert due(pace, 100.0, 100.0, 100.4, 100.5, 100.6, 101.0) == [True, False, False, True, False, True]
    assert pace.wait(101.25) == 0.25


def test_what_was_missed_is_left_out() -> None:
    """The machine slept, or all probes hang: no burst, and the next one at its own time."""
    pace = Pace(2.0, 100.0)
    assert due(pace, 100.0, 107.7, 107.7, 107.9, 108.0) == [True, True, False, False, True]


# ---- threads


class Slow:
    """An edge whose answers come when they are let go, and that notes what it was asked."""

    def __init__(self, *free: str) -> None:
        self.free, self.go = free, threading.Event()
        self.asked: list[tuple[str, str | None, dict[str, str], float]] = []

    def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        self.asked.append((path, host, headers, timeout))
        if path not in self.free:
            self.go.wait(30)
        return GOOD


def test_in_turn_with_the_header() -> None:
    edge = Slow("/a", "/b")
    stream = ProbeStream(edge.ask, (Smoke("/a", "a.example", timeout=1.5), Smoke("/b")), {"X": "1"}, 200.0, None)
    assert wait_until(lambda: len(edge.asked) >= 6, 120)
    stream.close()
    assert [path for path, *_ in edge.asked[:6]] == ["/a", "/b"] * 3
    assert edge.asked[0] == ("/a", "a.example", {"X": "1"}, 1.5)


def test_one_that_hangs_holds_up_nobody() -> None:
    edge = Slow("/good")
    stream = ProbeStream(edge.ask, (Smoke("/hangs"), Smoke("/good")), {}, 500.0, None)
    taken: list[int] = []

    def five() -> bool:
        taken.append(stream.take().sent)
        return sum(taken) >= 5

    assert wait_until(five, 120)
    stream.close()
    edge.go.set()


def test_so_many_hang_and_no_more_and_it_goes_on_after_that() -> None:
    edge = Slow()
    stream = ProbeStream(edge.ask, (ROOT,), {}, 1000.0, None)
    assert wait_until(lambda: len(edge.asked) == MOST, 120)
    assert not wait_until(lambda: len(edge.asked) > MOST, 0.1)
    assert stream.take() == Probes()
    edge.go.set()
    assert wait_until(lambda: len(edge.asked) > MOST, 120)
    assert wait_until(lambda: stream.take().sent > 0, 120)
    stream.close()


def test_nothing_counts_after_the_end() -> None:
    edge = Slow()
    stream = ProbeStream(edge.ask, (ROOT,), {}, 100.0, None)
    assert wait_until(lambda: bool(edge.asked), 120)
    stream.close()
    edge.go.set()
    assert not wait_until(lambda: stream.take().sent > 0, 0.1)


@pytest.mark.parametrize(("tests", "rate"), [((), 100.0), ((ROOT,), 0.0)])
def test_nothing_to_ask(tests: tuple[Smoke, ...], rate: float) -> None:
    edge = Slow("/")
    stream = ProbeStream(edge.ask, tests, {}, rate, 0.3)
    assert not wait_until(lambda: bool(edge.asked), 0.05)
    assert stream.take() == Probes()
    stream.close()


def test_an_edge_that_cannot_be_asked_is_no_failure_of_the_release() -> None:
    called: list[int] = []

    def broken(*_: object) -> Answer:
        called.append(1)
        raise FairleadError("the edge's folder is damaged")

    stream = ProbeStream(broken, (ROOT,), {}, 100.0, None)
    assert wait_until(lambda: len(called) > MOST, 120), "each gives its place back"
    stream.close()
    assert stream.take() == Probes()


@pytest.mark.parametrize("stable_answers,failed", [(BAD, True), (GOOD, False)])
def test_a_probe_that_fails_is_asked_of_the_stable_release_too(stable_answers: Answer, failed: bool) -> None:
    def ask(path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        return stable_answers if headers == {"to": "stable"} else BAD

    stream = ProbeStream(ask, (ROOT,), {"to": "new"}, 50.0, None, {"to": "stable"})
    controls = []
    assert wait_until(lambda: bool(controls.extend(stream.take_controls()) or controls), 120)
    stream.close()
    assert controls[0].test == ROOT and controls[0].failed is failed


def test_one_that_passes_costs_the_stable_release_nothing() -> None:
    asked: list[dict[str, str]] = []

    def ask(path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        asked.append(headers)
        return GOOD

    stream = ProbeStream(ask, (ROOT,), {"to": "new"}, 100.0, None, {"to": "stable"})
    assert wait_until(lambda: len(asked) > 5, 120)
    stream.close()
    assert all(headers == {"to": "new"} for headers in asked)
    assert stream.take_controls() == ()
