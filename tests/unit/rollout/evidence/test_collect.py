"""Ticks from two looks at an edge: what is counted, what is doubted, and what goes on in another process."""

from __future__ import annotations

import json

import pytest

from fairlead.edges.counters import PoolCounts
from fairlead.edges.fake import FakeEdge
from fairlead.project.stack import LATENCY_BUCKETS
from fairlead.render.edge import EdgeRoute, EdgeTable, Pool
from fairlead.rollout.evidence.collect import Collector
from fairlead.rollout.evidence.growth import Growth
from fairlead.rollout.verdict.evidence import Side
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.fake import Behaviour, FakeRuntime
from fairlead.system.http import Answer

FIRST = LATENCY_BUCKETS.index(0.3)


def counts(good: int, bad: int = 0, slow: int = 0) -> PoolCounts:
    """So many answers; the slow ones, of the good, take 0.4 s."""
    buckets = [0] * len(LATENCY_BUCKETS)
    buckets[FIRST], buckets[FIRST + 1] = good + bad - slow, slow
    return PoolCounts({200: good, 500: bad} if bad else {200: good}, tuple(buckets))


def side(requests: int, errors: int = 0, slow: int | None = 0) -> tuple[int, int, int | None]:
    return requests, errors, slow


def seen(one: Side) -> tuple[int, int, int | None]:
    return one.requests, one.errors, one.slow


@pytest.fixture
def edge() -> FakeEdge:
    return FakeEdge(FakeRuntime(), running=True, counts={"web-a": counts(100, 1, 2), "web-old": counts(7)})


@pytest.fixture
def collector(edge: FakeEdge) -> Collector:
    found = Collector(edge, "b", "a", ("web",), 0.3)
    found.rebased()
    return found


def test_differences_by_release(edge: FakeEdge, collector: Collector) -> None:
    edge.counts |= {"web-a": counts(150, 3, 5), "web-b": counts(9, 1, 4), "web-old": counts(8)}
    tick = collector.tick(10)
    assert (seen(tick.canary["web"]), seen(tick.stable["web"])) == (side(10, 1, 4), side(52, 2, 3))
    assert (tick.weight, tick.trouble, tick.reloaded) == (10, "", False)
    assert tick.seconds >= 0
    assert dict(tick.canary["web"].buckets) == dict.fromkeys(LATENCY_BUCKETS, 0) | {0.3: 6, 0.4: 4}
    assert seen(collector.tick().canary["web"]) == side(0)


def test_the_first_tick_has_nothing(edge: FakeEdge) -> None:
    tick = Collector(edge, None, "a", ("web", "api"), 0.3).tick()
    assert (tick.seconds, tick.canary) == (0, {})
    assert {name: seen(one) for name, one in tick.stable.items()} == {"web": side(0), "api": side(0)}


@pytest.mark.parametrize(("over", "slow"), [(None, None), (0.31, None), (0.3, 4), (0.4, 0), (10.0, 0)])
def test_slow_is_counted_at_a_bucket_or_not_at_all(edge: FakeEdge, over: float | None, slow: int | None) -> None:
    collector = Collector(edge, "b", "a", ("web",), over)
    collector.rebased()
    edge.counts["web-b"] = counts(10, 0, 4)
    assert collector.tick().canary["web"].slow == slow


def test_copies_are_evidence_too(edge: FakeEdge, collector: Collector) -> None:
    edge.copies["web-b"] = counts(5, 1)
    assert seen(collector.tick().canary["web"]) == side(6, 1)
    edge.copies.clear()
    edge.counts["web-b"] = counts(2)
    tick = collector.tick()
    assert (seen(tick.canary["web"]), tick.trouble) == (side(2), "")


def test_an_edge_that_is_silent_is_caught_up_with(edge: FakeEdge, collector: Collector) -> None:
    edge.silent = "the edge gave no counters: no answer within 3 s"
    edge.counts["web-b"] = counts(5)
    tick = collector.tick()
    assert (tick.trouble, seen(tick.canary["web"])) == (edge.silent, side(0))
    edge.silent = ""
    assert seen(collector.tick().canary["web"]) == side(5)


def test_an_edge_that_began_anew(edge: FakeEdge, collector: Collector) -> None:
    edge.started, edge.counts = 86_400.0, {"web-b": counts(3)}
    tick = collector.tick()
    assert tick.trouble == "the edge began anew at 00:00:00 UTC, and its counters with it"
    assert seen(tick.canary["web"]) == side(0)
    edge.counts["web-b"] = counts(4)
    tick = collector.tick()
    assert (tick.trouble, seen(tick.canary["web"])) == ("", side(1))


def test_a_clock_that_is_set_by_a_second_is_no_new_edge(edge: FakeEdge, collector: Collector) -> None:
    edge.started += 1
    assert collector.tick().trouble == ""


@pytest.mark.parametrize("back", [counts(99, 1, 2), counts(100, 0, 2), counts(101, 1, 1), PoolCounts({200: 200}, (1,))])
def test_a_count_that_went_back(edge: FakeEdge, collector: Collector, back: PoolCounts) -> None:
    edge.counts |= {"web-a": back, "web-b": counts(3)}
    tick = collector.tick()
    assert "web-a" in tick.trouble
    assert (seen(tick.stable["web"])[0], seen(tick.canary["web"])) == (0, side(3))
    assert collector.tick().trouble == ""


def test_a_pool_that_left_and_came_back_counts_from_nothing(edge: FakeEdge, collector: Collector) -> None:
    gone = edge.counts.pop("web-a")
    tick = collector.tick()
    assert (tick.trouble, seen(tick.stable["web"])) == ("", side(0))
    edge.counts["web-a"] = counts(2)
    assert seen(collector.tick().stable["web"]) == side(2)
    assert gone.total == 101


def test_what_is_shown_last_after_routing_is_kept(edge: FakeEdge, collector: Collector) -> None:
    edge.counts["web-b"] = counts(5, 1)
    collector.rebased()
    del edge.counts["web-b"]
    assert seen(collector.tick().canary["web"]) == side(6, 1)


def test_reloads_of_others_are_told_from_our_own(edge: FakeEdge, collector: Collector) -> None:
    edge.reloads += 1
    collector.rebased()
    assert not collector.tick().reloaded
    edge.reloads += 1
    assert collector.tick().reloaded
    assert not collector.tick().reloaded


def test_it_goes_on_in_another_process(edge: FakeEdge, collector: Collector) -> None:
    collector.tick()
    data = json.loads(json.dumps(collector.to_data()))
    assert "web-old" not in json.dumps(data), "only what it needs"
    edge.counts["web-b"] = counts(5)
    other = Collector(edge, "b", "a", ("web",), 0.3)
    other.restore(data)
    assert seen(other.tick().canary["web"]) == side(5)


@pytest.mark.parametrize(
    "damaged", [{}, {"seen": None, "at": 1}, {"seen": {"pools": 1}, "at": 1}, {"seen": [], "at": "x"}]
)
def test_what_is_damaged_begins_anew(edge: FakeEdge, damaged: dict[str, object]) -> None:
    other = Collector(edge, "b", "a", ("web",), 0.3)
    other.restore(damaged)
    tick = other.tick()
    assert (tick.seconds, tick.trouble, seen(tick.stable["web"])) == (0, "", side(0))


def test_growth_adds_up() -> None:
    assert Growth(1, 1, (1, 0)) + Growth(2, 0, (0, 2)) == Growth(3, 1, (1, 2))
    assert Growth() + Growth(2, 0, (0, 2)) == Growth(2, 0, (0, 2))


def test_the_edge_in_memory_counts_as_the_real_one() -> None:
    runtime = FakeRuntime(behaviours={("b", "web"): Behaviour(answer=Answer(500))})
    specs = [InstanceSpec(f"{name}.web.1", name, "web", 1, ("run",), "/", {}, listens=True) for name in "ab"]
    runtime.start(specs)
    runtime.await_ready([spec.id for spec in specs], lambda text: None)
    edge = FakeEdge(runtime, load=100, takes={"b": 60.0})
    pools = Pool("web", "a", (20000,)), Pool("web", "b", (20001,))
    edge.route(EdgeTable(pools, (EdgeRoute("/", None, (("web-a", 90), ("web-b", 10)), "web-b", 5.0),)))
    collector = Collector(edge, "b", "a", ("web",), 0.3)
    collector.rebased()
    tick = collector.tick()
    assert (seen(tick.canary["web"]), seen(tick.stable["web"])) == (side(15, 15, 15), side(90))
    edge.down()
    assert collector.tick().trouble == "the edge gave no counters: connection refused"
