"""Evidence from the real edge: each answer counted once, for its release, slow or not, and every doubt told."""

import json
import time

import asking
import pytest
from running import eventually

from fairlead.render.edge import EdgeRoute, EdgeTable, Pool
from fairlead.rollout.evidence.collect import Collector
from fairlead.rollout.evidence.growth import Growth

pytestmark = pytest.mark.real


class Watcher:
    """A collector whose ticks are added up: an answer is counted a moment after it was sent."""

    def __init__(self, rig, over=1.0):
        self.collector = Collector(rig.edge, "r2", "r1", ("web",), over)
        self.collector.rebased()
        self.sides = {"canary": Growth(), "stable": Growth()}
        self.slow = {"canary": 0, "stable": 0}
        self.troubles, self.reloads = [], 0

    def look(self):
        tick = self.collector.tick()
        self.troubles += [tick.trouble] if tick.trouble else []
        self.reloads += tick.reloaded
        for name, sides in (("canary", tick.canary), ("stable", tick.stable)):
            one = sides["web"]
            self.sides[name] += Growth(one.requests, one.errors, tuple(count for _, count in one.buckets))
            self.slow[name] += one.slow
        return tick

    def seen(self, name):
        """Requests, errors, slow."""
        return self.sides[name].requests, self.sides[name].errors, self.slow[name]

    def comes_to(self, canary=(0, 0, 0), stable=(0, 0, 0)):
        wanted = canary, stable
        eventually(lambda: self.look() and (self._now() == wanted or self._passed(wanted)))
        assert self._now() == wanted
        assert self.troubles == []

    def _now(self):
        return self.seen("canary"), self.seen("stable")

    def _passed(self, wanted):
        """Too many will never be as wanted: no need to wait."""
        return any(have > want for name, want in zip(("canary", "stable"), wanted, strict=True)
                   for have, want in zip(self.seen(name), want, strict=True))  # fmt: skip


def test_answers_and_slow_ones_by_release(shared, one, two):
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools, {"r2": 100}, headers=["r1", "r2"])
    watcher = Watcher(shared)
    for path in ("/", "/status/404", "/status/500", "/bare/503", "/slow?0.1", "/slow?1.05"):
        shared.ask(path)
    shared.ask(method="POST", body=b"x")
    watcher.comes_to(canary=(7, 2, 1))
    shared.route(pools, {"r1": 100}, headers=["r1", "r2"])
    watcher.collector.rebased()
    for path in ("/", "/", "/status/502"):
        shared.ask(path)
    watcher.comes_to(canary=(7, 2, 1), stable=(3, 1, 0))
    assert watcher.reloads == 0


def test_requests_by_the_secret_header_are_not_the_users(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    watcher = Watcher(shared)
    for _ in range(5):
        assert shared.ask("/status/500", headers=shared.edge.release_header("r2")).status == 500
    shared.ask()
    watcher.comes_to(stable=(1, 0, 0))


def test_attempts_at_a_dead_instance_are_the_canarys_errors(shared, one, two):
    two.refuse()
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 50, "r2": 50})
    watcher = Watcher(shared)
    assert {shared.ask().who for _ in range(10)} == {"one"}, "no user saw it"
    eventually(lambda: watcher.look() and watcher.sides["stable"].requests == 10)
    assert watcher.sides["canary"].errors == watcher.sides["canary"].requests >= 4
    assert watcher.sides["stable"].errors == 0


def test_a_user_who_went_away_is_no_error(shared, two):
    shared.route({"r2": [two.port]})
    watcher = Watcher(shared)
    assert shared.ask("/slow?0.5", timeout=0.1).status == 0
    eventually(lambda: watcher.look() and watcher.sides["canary"].requests == 1)
    assert watcher.sides["canary"].errors == 0


def test_streams_are_not_slow_however_long(shared, two):
    """A stream that does not say so is: nothing tells it from an answer that takes long."""
    shared.route({"r2": [two.port]})
    watcher = Watcher(shared, 0.3)
    begun, link = time.monotonic(), asking.upgraded(shared.port)
    shared.ask("/stream?0.5", headers={"Accept": "text/event-stream"})
    eventually(lambda: time.monotonic() - begun > 0.4)
    assert asking.echo(link, b"x") == b"two:x"
    link.close()
    watcher.comes_to(canary=(2, 0, 0))
    shared.ask("/stream?0.5")
    watcher.comes_to(canary=(3, 0, 1))


def test_a_pool_that_left_is_read_once_more(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r2": 100})
    watcher = Watcher(shared)
    for _ in range(5):
        shared.ask()
    shared.route({"r1": [one.port]})
    watcher.collector.rebased()
    watcher.comes_to(canary=(5, 0, 0))
    eventually(lambda: watcher.look() and "web-r2" not in shared.edge.counters().pools)
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r2": 100})
    watcher.collector.rebased()
    shared.ask()
    watcher.comes_to(canary=(6, 0, 0))


def test_a_warm_release_keeps_its_counters(shared, one, two):
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools, {"r2": 100}, headers=["r1", "r2"])
    shared.ask()
    before = eventually(lambda: shared.edge.counters().pools.get("web-r2"))
    shared.route(pools, {"r1": 100}, headers=["r1", "r2"])
    for _ in range(3):
        assert shared.edge.counters().pools["web-r2"] == before


def test_copies_for_a_shadow_are_the_canarys(shared, one, two):
    pools = Pool("web", "r1", (one.port,)), Pool("web", "r2", (two.port,))
    route = EdgeRoute("/", None, (("web-r1", 100),), "web-r2", 100.0)
    shared.edge.route(EdgeTable(pools, (route,), (), shared.listen))
    watcher = Watcher(shared)
    for path in ("/", "/status/500", "/"):
        shared.ask(path)
    watcher.comes_to(canary=(3, 1, 0), stable=(3, 1, 0))


def test_reloads_of_others_are_told_from_our_own(shared, one, two):
    watcher = Watcher(shared)
    pools = {"r1": [one.port], "r2": [two.port]}
    for share in range(10, 60, 5):
        shared.route(pools, {"r1": 100 - share, "r2": share})
        watcher.collector.rebased()
        watcher.look()
    assert watcher.reloads == 0
    foreign = shared.place.edge / "dynamic" / "foreign.yml"
    foreign.write_text(json.dumps({"http": {"middlewares": {"x": {"headers": {"customRequestHeaders": {"X": "1"}}}}}}))
    try:
        eventually(lambda: watcher.look() and watcher.reloads == 1)
    finally:
        foreign.unlink()
    assert watcher.troubles == []


def test_a_restart_is_told_and_other_buckets_are_no_measure(rig, one, two):
    """An edge of an older version has other buckets: what is slow by them is not known."""
    rig.route({"r1": [one.port], "r2": [two.port]}, {"r2": 100})
    rig.ask()
    eventually(lambda: time.time() - rig.edge.counters().started > 3, every=0.1)
    collector = Collector(rig.edge, "r2", "r1", ("web",), 0.3)
    collector.rebased()
    static = rig.place.edge / "traefik.yml"
    told = json.loads(static.read_text())
    told["metrics"]["prometheus"]["buckets"] = [0.2, 2]
    static.write_text(json.dumps(told))
    before = rig.process()
    rig.kill()
    before_answer = collector.tick().trouble
    assert before_answer.startswith(("the edge gave no counters: ", "the edge began anew", "the edge's counters"))
    eventually(lambda: rig.process() not in (None, before) and rig.edge.api.alive())
    assert "began anew" in before_answer or eventually(lambda: "began anew" in collector.tick().trouble)
    eventually(lambda: rig.ask().status == 200)
    side = eventually(lambda: (found := collector.tick().canary["web"]).requests and found)
    assert (side.slow, [bound for bound, _ in side.buckets]) == (None, [0.2, 2.0])
