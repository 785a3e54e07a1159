"""The fakes refuse what no machine would do, so that an engine that asks for it fails its tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fairlead.edges.base import Edge
from fairlead.edges.fake import FakeEdge
from fairlead.errors import FairleadError
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool
from fairlead.runtimes.base import InstanceSpec, NotReady, Runtime
from fairlead.runtimes.fake import Behaviour, FakeRuntime
from fairlead.system.http import Answer

ONE = InstanceSpec("a.web.1", "a", "web", 1, ("run",), "/", {}, listens=True)
TWO = replace(ONE, id="a.web.2", index=2)
NEXT = replace(ONE, id="b.web.1", release="b")


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


def ready(runtime: FakeRuntime, *specs: InstanceSpec) -> None:
    runtime.start(specs)
    runtime.await_ready([spec.id for spec in specs], lambda text: None)


def table(*shares: tuple[str, int, tuple[int, ...]]) -> EdgeTable:
    """`/` for releases with their weights and ports."""
    pools = tuple(Pool("web", release, ports) for release, _, ports in shares)
    weights = tuple((f"web-{release}", weight) for release, weight, _ in shares if weight)
    headers = tuple(HeaderRoute("/", None, release, f"web-{release}") for release, _, _ in shares)
    return EdgeTable(pools, (EdgeRoute("/", None, weights),), headers)


def test_they_are_what_the_engine_takes() -> None:
    runtime: Runtime = FakeRuntime()
    edge: Edge = FakeEdge(FakeRuntime())
    assert (runtime.observe(), edge.table_in_force()) == ((), {})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda runtime: runtime.start([ONE, ONE]), "twice at once"),
        (
            lambda runtime: runtime.start([replace(ONE, argv=("other",))]),
            "runs, and was to be started as something else",
        ),
        (lambda runtime: runtime.remove([ONE.id]), "was to be removed, but is running"),
        (lambda runtime: runtime.restart(["gone"]), "gone was to be started again, but does not exist"),
        (lambda runtime: runtime.await_ready(["gone"], print), "gone was to be awaited, but does not exist"),
    ],
)
def test_a_runtime_refuses(runtime: FakeRuntime, wrong, why: str) -> None:
    ready(runtime, ONE)
    with pytest.raises(AssertionError, match=why):
        wrong(runtime)


def test_a_port_of_another_is_refused(runtime: FakeRuntime) -> None:
    ready(runtime, ONE)
    runtime.stop([ONE.id])
    runtime.ports = {20000: "stranger"}
    with pytest.raises(AssertionError, match=r"port 20000 of a\.web\.1 is stranger's"):
        runtime.restart([ONE.id])


def test_a_life(runtime: FakeRuntime) -> None:
    runtime.start([ONE, TWO])
    assert [(one.phase, one.verified, one.port) for one in runtime.observe()] == [
        ("starting", False, 20000),
        ("starting", False, 20001),
    ]
    runtime.start([ONE, TWO])
    assert [one.starts for one in runtime.observe()] == [1, 1]
    runtime.await_ready([ONE.id, TWO.id], lambda text: None)
    assert [(one.phase, one.verified) for one in runtime.observe()] == [("running", True)] * 2
    runtime.end([ONE.id])
    assert [one.phase for one in runtime.observe()] == ["stopping", "running"]
    assert [one.phase for one in runtime.observe()] == ["stopped", "running"]
    runtime.restart([ONE.id])
    assert next((one.phase, one.verified, one.port, one.starts) for one in runtime.observe()) == (
        "starting",
        False,
        20000,
        2,
    )
    runtime.stop([ONE.id, TWO.id, "unknown"])
    runtime.remove([ONE.id, TWO.id, "unknown"])
    assert (runtime.observe(), runtime.ports) == ((), {})


@pytest.mark.parametrize(
    ("behaviour", "why"), [(Behaviour(ready=False), "not ready"), (Behaviour(crash_loop=True), "crash loop")]
)
def test_behaviours(runtime: FakeRuntime, behaviour: Behaviour, why: str) -> None:
    runtime.behaviours["web"] = Behaviour()
    runtime.behaviours[("a", "web")] = behaviour
    ready(runtime, NEXT)
    with pytest.raises(NotReady, match=f"a.web.1: {why}"):
        ready(runtime, ONE)


def test_one_that_dies_when_it_is_ready(runtime: FakeRuntime) -> None:
    runtime.behaviours["web"] = Behaviour(dies=True)
    ready(runtime, ONE)
    assert not runtime.well(ONE.id)


def test_jobs(runtime: FakeRuntime) -> None:
    job = InstanceSpec("a.seed.1", "a", "seed", 1, ("run",), "/", {}, job=True)
    runtime.run_job(job, 1)
    assert runtime.jobs == ["a.seed.1"]
    runtime.behaviours["seed"] = Behaviour(job_fails=True)
    with pytest.raises(FairleadError, match="job seed: ended with 1"):
        runtime.run_job(job, 1)


def test_after_a_reboot_nothing_runs(runtime: FakeRuntime) -> None:
    ready(runtime, ONE, TWO)
    runtime.reboot()
    assert [(one.phase, one.verified) for one in runtime.observe()] == [("stopped", False)] * 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (table(("a", 100, (30000,))), "port 30000 is nobody's"),
        (table(("a", 50, (20000,)), ("b", 50, (20000,))), "twice in the table"),
        (table(("a", 100, ())), "is empty"),
        (EdgeTable((), (EdgeRoute("/", None, (("web-a", 100),)),)), "no such pool: web-a"),
        (table(("a", 0, (20000,))), "/ has no share for anybody"),
    ],
)
def test_an_edge_refuses(runtime: FakeRuntime, wrong: EdgeTable, why: str) -> None:
    ready(runtime, ONE)
    with pytest.raises(AssertionError, match=why):
        FakeEdge(runtime).route(wrong)


def test_an_edge_answers_from_what_runs(runtime: FakeRuntime) -> None:
    edge = FakeEdge(runtime)
    assert edge.ask("/", None, {}, 1).error == "connection refused"
    runtime.behaviours["web"] = Behaviour(answer=Answer(200, b"old"))
    runtime.behaviours[("b", "web")] = Behaviour(answer=Answer(200, b"new"))
    ready(runtime, ONE, NEXT)
    edge.route(table(("a", 100, (20000,)), ("b", 0, (20001,))))
    assert edge.ask("/x", None, {}, 1).body == b"old"
    assert edge.ask("/x", None, edge.release_header("b"), 1).body == b"new"
    assert edge.table_in_force() == {"/": {"web-a": 100}}
    runtime.stop([ONE.id])
    assert edge.ask("/", None, {}, 1).status == 502
    assert FakeEdge(runtime, running=True).ask("/", None, {}, 1).status == 404


def test_an_edge_counts(runtime: FakeRuntime) -> None:
    runtime.behaviours[("b", "web")] = Behaviour(answer=Answer(500))
    ready(runtime, ONE, NEXT)
    edge = FakeEdge(runtime, load=10)
    edge.route(table(("a", 80, (20000,)), ("b", 20, (20001,))))
    first = edge.traffic()
    assert first.by_release == {"a": {200: 8}, "b": {500: 2}}
    assert edge.traffic().since(first).by_release == {"a": {200: 8}, "b": {500: 2}}
    runtime.die(ONE.id)
    assert edge.traffic().edge_made == 8


def test_what_is_lost_is_found(runtime: FakeRuntime) -> None:
    edge = FakeEdge(runtime)
    ready(runtime, ONE, TWO)
    edge.route(table(("a", 100, (20000, 20001))))
    runtime.die(TWO.id)
    assert edge.lost() == []  # the other one is there
    runtime.stop([ONE.id])
    assert edge.lost() == [
        "a.web.1 was ended while users were sent to it",
        "(None, '/') was served by nobody: ended a.web.1",
    ]
    assert edge.lost(but=[(None, "/")]) == ["a.web.1 was ended while users were sent to it"]


def test_a_route_that_goes_is_lost_unless_it_may(runtime: FakeRuntime) -> None:
    edge = FakeEdge(runtime)
    ready(runtime, ONE)
    edge.route(table(("a", 100, (20000,))))
    edge.route(EdgeTable())
    assert edge.lost() == ["(None, '/') was served by nobody: table"]
    assert edge.lost(but=[(None, "/")]) == []


def test_a_share_of_nobody_is_lost(runtime: FakeRuntime) -> None:
    edge = FakeEdge(runtime)
    ready(runtime, ONE)
    runtime.start([NEXT])
    edge.route(table(("a", 100, (20000,))))
    edge.route(table(("a", 50, (20000,)), ("b", 50, (20001,))))
    assert edge.lost() == ["(None, '/') was served by nobody: table"]
