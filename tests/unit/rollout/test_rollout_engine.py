"""Whole rollouts in a world in memory: what the users, the workers and the ledger have in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest import MonkeyPatch

from fairlead.errors import FairleadError, RolloutFailed
from fairlead.operations import transition
from fairlead.operations.transition import Intent, Result, carry_out
from fairlead.project.stack import CanaryStep, Judge, Stack, Store, Strategy
from fairlead.render.edge import EdgeTable
from fairlead.rollout.events import Event
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.recovery import recover, restore_traffic
from fairlead.rollout.state import read_state
from fairlead.runtimes.fake import Behaviour
from tests.crash.fake_worlds import STRATEGIES, FakeMachine, Folders, rebuilt, service, shop, stack, worker


@pytest.fixture
def machine(folders: Folders) -> FakeMachine:
    return FakeMachine(folders.new())


def running(machine: FakeMachine, release: str) -> set[str]:
    """The instances of a release that run, without the release."""
    found = machine.runtime.observe()
    return {one.id.partition(".")[2] for one in found if one.release == release and one.living and one.verified}


def live(machine: FakeMachine) -> str | None:
    environment = machine.opened()
    try:
        return read_state(environment.ledger).live
    finally:
        environment.ledger.close()


ALL = {"api.1", "api.2", "web.1", "web.2", "inner.1", "clock.1", "mailer.1"}
SERVING = {"api.1", "api.2", "web.1", "web.2", "inner.1"}
REBUILT = {"site.1", "site.2", "api.1", "api.2", "api.3", "clock.1", "mailer.1", "inner.1"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_from_nothing_to_one_to_the_next(machine: FakeMachine, strategy: Strategy) -> None:
    first = machine.deploy(shop(strategy, 1))
    assert (first.previous, live(machine), machine.edge.receiving()) == (None, first.release, {first.release})
    assert running(machine, first.release) == ALL
    second = machine.deploy(shop(strategy, 2))
    assert (second.previous, live(machine), machine.edge.receiving()) == (
        first.release,
        second.release,
        {second.release},
    )
    assert running(machine, second.release) == ALL
    assert running(machine, first.release) == (set() if strategy == "rolling" else SERVING)
    third = machine.deploy(rebuilt(strategy, 3))
    assert running(machine, third.release) == REBUILT
    assert machine.edge.receiving() == {third.release}
    assert {(route.host, route.path) for route in machine.edge.table.routes} == {
        (None, "/"),
        (None, "/new"),
        (None, "/api"),
    }
    assert machine.edge.lost() == []
    assert machine.runtime.cut == []
    assert [id.partition(".")[2] for id in machine.runtime.jobs] == ["seed.1", "late.1"] * 2


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_back_and_forth(machine: FakeMachine, strategy: Strategy) -> None:
    one = machine.deploy(shop(strategy, 1)).release
    machine.deploy(shop(strategy, 2))
    before = dict(machine.runtime.ports)
    assert machine.deploy(shop(strategy, 1), urgent=True).release == one
    assert (live(machine), machine.edge.receiving(), running(machine, one)) == (one, {one}, ALL)
    assert machine.runtime.ports == before  # nothing was started beside what was there
    assert machine.edge.lost() == []


def test_the_same_again_does_nothing(machine: FakeMachine) -> None:
    machine.deploy(shop("blue-green", 1))
    shape = machine.shape()
    assert machine.deploy(shop("blue-green", 1)).rollout is None
    assert machine.shape() == shape


def canary(*steps: CanaryStep, version: int, **rollout: object) -> Stack:
    web = stack(service("web", "/", replicas=2), strategy="canary", version=version, **rollout)
    return replace(web, smoke=(), rollout=replace(web.rollout, steps=steps))


def test_a_canary_that_answers_errors_is_undone(machine: FakeMachine) -> None:
    old = machine.deploy(canary(version=1)).release
    machine.edge.load = 100
    bad = canary(CanaryStep(20, 30.0), version=2, judge=Judge(probe_rate=0.0))
    new = machine.release(bad).id
    machine.runtime.behaviours[(new, "web")] = Behaviour(
        fails_after=2
    )  # the smoke test passes, the users' requests do not
    with pytest.raises(RolloutFailed, match=r"canary \d+ errors in \d+"):
        machine.deploy(bad)
    assert (live(machine), machine.edge.receiving(), running(machine, new)) == (old, {old}, set())


def test_services_are_judged_together_and_go_back_together(machine: FakeMachine) -> None:
    def two(version: int) -> Stack:
        judge = Judge(probe_rate=0.0)
        made = stack(service("api", "/api"), service("web", "/"), strategy="canary", version=version, judge=judge)
        return replace(made, smoke=(), rollout=replace(made.rollout, steps=(CanaryStep(20, 30.0),)))

    old = machine.deploy(replace(two(1), rollout=replace(two(1).rollout, strategy="blue-green"))).release
    machine.edge.load = 100
    new = machine.release(two(2)).id
    machine.runtime.behaviours[(new, "api")] = Behaviour(fails_after=2)  # the other one is well
    with pytest.raises(RolloutFailed, match=r"api.* \d+ errors in \d+"):
        machine.deploy(two(2))
    assert (live(machine), machine.edge.receiving(), running(machine, new)) == (old, {old}, set())


def test_a_canary_that_dies_under_users_is_undone(machine: FakeMachine) -> None:
    old = machine.deploy(canary(version=1)).release
    new_stack = canary(CanaryStep(20, 30.0), version=2)
    new = machine.release(new_stack).id

    def dies(what: str) -> None:
        if new in machine.edge.receiving():
            machine.runtime.die(f"{new}.web.1", "out of memory: its limit is 48M")

    machine.edge.listeners.append(dies)
    said = rf"{new}.web.1 ended after it was ready: out of memory: its limit is 48M \(now backoff, started 1 times\)"
    with pytest.raises(RolloutFailed, match=said):
        machine.deploy(new_stack)
    assert (live(machine), machine.edge.receiving(), running(machine, new)) == (old, {old}, set())
    assert machine.edge.lost() == []  # the other replica was there


def test_the_edge_refuses(machine: FakeMachine) -> None:
    """The way back stops at the route that cannot be given back; recovery goes on from there."""
    old = machine.deploy(shop("blue-green", 1)).release
    new = machine.release(shop("blue-green", 2)).id

    def breaks(what: str) -> None:
        machine.edge.fails = "the disk of the edge is full" if new in machine.edge.receiving() else ""

    machine.edge.listeners.append(breaks)
    machine.runtime.behaviours[(new, "late")] = Behaviour(job_fails=True)
    with pytest.raises(FairleadError, match="the disk of the edge is full"):
        machine.deploy(shop("blue-green", 2))
    assert machine.edge.receiving() == {new}
    assert running(machine, new) == SERVING | {"clock.1", "mailer.1"}  # nobody who serves was stopped
    machine.edge.fails = ""
    environment = machine.opened()
    assert recover(environment.world) == f"rollout 2 to {new} was unfinished and has been undone"
    assert open_rollout(environment.ledger) is None
    environment.ledger.close()
    assert (machine.edge.receiving(), running(machine, new), running(machine, old)) == ({old}, set(), ALL)
    assert machine.edge.lost() == []


def test_open_requests_are_waited_for(machine: FakeMachine) -> None:
    machine.deploy(shop("rolling", 1))
    for copy in machine.runtime.copies.values():
        copy.connections = 2 if copy.port else 0
    machine.deploy(shop("rolling", 2))
    assert machine.runtime.cut == []


def test_requests_that_never_end_are_cut_at_the_deadline(machine: FakeMachine) -> None:
    old = machine.deploy(shop("rolling", 1)).release
    machine.runtime.copies[f"{old}.web.1"].connections = 10**9
    machine.deploy(shop("rolling", 2))
    assert machine.runtime.cut == [f"{old}.web.1"]


def test_workers_hand_over(machine: FakeMachine) -> None:
    """Never two that stop first at work, never none of those that overlap."""
    seen: list[set[str]] = []
    workers = stack(worker("first"), worker("over", handover="overlap"))
    machine.deploy(workers)
    machine.runtime.listeners.append(
        lambda what, id: seen.append({one.spec.id for one in machine.runtime.copies.values() if one.living})
    )
    machine.deploy(stack(worker("first"), worker("over", handover="overlap"), version=2))
    names = [[id.split(".")[1] for id in ids] for ids in seen]
    assert max(found.count("first") for found in names) == 1
    assert min(found.count("first") for found in names) == 0
    assert {found.count("over") for found in names} == {1, 2}
    assert names[-1] == ["over", "first"] or sorted(names[-1]) == ["first", "over"]


def test_what_is_told(machine: FakeMachine) -> None:
    events: list[Event] = []
    environment = machine.opened()
    environment.world.emit = events.append
    release = machine.release(canary(CanaryStep(20), version=1))
    result = carry_out(environment, release, Intent("deploy", "canary"))
    environment.ledger.close()
    assert isinstance(result, Result)
    kinds = [event.kind for event in events]
    assert kinds[0] == "plan"
    assert kinds.count("step") == kinds.count("done") == len(events[0].data["steps"])
    assert kinds[-1] == "report"
    assert result.report == {
        "requests": 0,
        "by_release": {release.id: 0},
        "lost": 0,
        "application_errors": 0,
        "counted_whole": True,
    }


def test_old_releases_are_forgotten(machine: FakeMachine) -> None:
    made = [machine.deploy(canary(CanaryStep(50), version=n, keep=2, rollback_window=0.0)).release for n in range(1, 5)]
    machine.runtime.stop([one.id for one in machine.runtime.observe() if one.release != made[-1]])
    machine.runtime.remove([one.id for one in machine.runtime.observe() if one.release != made[-1]])
    made.append(machine.deploy(canary(CanaryStep(50), version=5, keep=2, rollback_window=0.0)).release)
    assert sorted(one.id for one in machine.releases.all()) == sorted(made[-2:])


def test_traffic_as_the_ledger_says_it(machine: FakeMachine) -> None:
    """A new process knows nothing of shares: it asks the ledger."""
    live = machine.deploy(shop("blue-green", 1)).release
    machine.runtime.die(f"{live}.web.1")
    environment = machine.opened()
    restore_traffic(environment.world)
    assert machine.edge.instances(f"web-{live}") == (f"{live}.web.2",)
    restore_traffic(environment.world, without=(f"{live}.api.1",))
    assert machine.edge.instances(f"api-{live}") == (f"{live}.api.2",)
    environment.ledger.close()


def test_a_reserve_lets_the_way_back_be_written_down(machine: FakeMachine) -> None:
    """What fails once on the way back is tried again with the reserve given up."""
    old = machine.deploy(shop("blue-green", 1)).release
    new = machine.release(shop("blue-green", 2))
    machine.runtime.behaviours[(new.id, "late")] = Behaviour(job_fails=True)
    environment = machine.opened()
    given: list[bool] = []

    def space() -> bool:
        machine.edge.fails = ""
        given.append(True)
        return True

    machine.edge.listeners.append(
        lambda what: setattr(machine.edge, "fails", "disk full" if new.id in machine.edge.receiving() else "")
    )
    environment.world.free_space = space
    with pytest.raises(RolloutFailed):
        carry_out(environment, new, Intent("deploy", "blue-green"))
    environment.ledger.close()
    assert given == [True]
    assert machine.edge.receiving() == {old}


def test_a_reserve_lets_one_go_back_where_the_edge_has_to_be_told_first(machine: FakeMachine) -> None:
    """An instance died since the edge was last told, and the disk is full: a rollback goes on all the same."""
    old = machine.deploy(shop("blue-green", 1)).release
    live = machine.deploy(shop("blue-green", 2)).release
    machine.runtime.die(f"{live}.web.1")
    environment = machine.opened()
    machine.edge.fails = "disk full"

    def space() -> bool:
        machine.edge.fails = ""
        return True

    environment.world.free_space = space
    carry_out(environment, environment.world.releases.load(old), Intent("rollback", "blue-green"))
    environment.ledger.close()
    assert machine.edge.receiving() == {old}


def test_who_ended_while_databases_were_asked_gets_no_users(machine: FakeMachine, monkeypatch: MonkeyPatch) -> None:
    site = replace(stack(service("web", "/", replicas=2)), stores=(Store("db", "postgres"),))
    live = machine.deploy(site).release
    dying = next(one for one in machine.runtime.observe() if one.id == f"{live}.web.1")
    tables: list[EdgeTable] = []
    route = machine.edge.route
    monkeypatch.setattr(machine.edge, "route", lambda table: tables.append(table) or route(table))
    monkeypatch.setattr(transition, "_schema", lambda *_: machine.runtime.die(dying.id) or ())
    machine.deploy(replace(site, variables={"VERSION": "2"}))
    assert dying.port not in {port for pool in tables[0].pools for port in pool.ports}


def test_a_way_back_looks_and_tells_no_more_than_it_has_to(machine: FakeMachine, monkeypatch: MonkeyPatch) -> None:
    """Each look is questions to an engine, each table a change that has to be confirmed: users wait for both."""
    site = stack(service("web", "/", replicas=2), service("api", "/api", replicas=2))
    machine.deploy(site)
    machine.deploy(replace(site, variables={"VERSION": "2"}))
    looks, tables = [], []
    observe, route = machine.runtime.observe, machine.edge.route
    monkeypatch.setattr(machine.runtime, "observe", lambda: looks.append(len(tables)) or observe())
    monkeypatch.setattr(machine.edge, "route", lambda table: tables.append(table) or route(table))
    machine.deploy(site, urgent=True)
    assert len(tables) <= 3 and tables[-1].routes != tables[-2].routes  # as it was, with the header, all users
    assert len([one for one in looks if one < len(tables)]) <= 6  # until users are back; afterwards it may look


def test_what_does_not_come_back_is_told_with_the_reason(machine: FakeMachine) -> None:
    """The last word must not be that everything is as it was."""
    clock = worker("clock")
    old = machine.deploy(stack(service("web", "/"), clock)).release
    new = machine.release(stack(service("web", "/"), clock, version=2)).id
    for release in (old, new):
        machine.runtime.behaviours[release, "clock"] = Behaviour(ready=False)
    with pytest.raises(RolloutFailed) as caught:
        machine.deploy(stack(service("web", "/"), clock, version=2))
    [text] = caught.value.kept
    assert text.startswith(f"{old}.clock.1")
