"""What holds for the plan of every stack, whatever it has."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.project.order import hands_over, levels
from fairlead.project.stack import Job, Rollout, Service, Stack, to_data
from fairlead.rollout.observed import Observed, Wanted, instance_ids
from fairlead.rollout.plan import plan
from fairlead.rollout.routing import edge_table
from fairlead.rollout.steps import Step
from fairlead.rollout.strategies.rolling import batches
from tests.crash.fake_worlds import service, worker
from tests.unit.rollout.observations import instances, observed, steps

NAMES = ("a", "b", "c", "d", "e")
STRATEGY = st.sampled_from(("blue-green", "canary", "rolling"))
# made once: to make a strategy costs more than to draw from it
YES_OR_NO = st.booleans()
CHOSEN = st.lists(st.sampled_from(NAMES), unique=True, min_size=1)
KIND = st.sampled_from(("routed", "internal", "worker", "job"))
REPLICAS, SURGE = st.integers(1, 3), st.integers(0, 2)
UNAVAILABLE = tuple(st.integers(least, 2) for least in (0, 1))
HANDOVER = st.sampled_from(("stop-first", "overlap"))
WHEN = st.sampled_from(("before-traffic", "after-traffic"))
SOAK = st.sampled_from((0, 5))


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    """Up to five services and jobs of any kind; each needs some of those before it."""
    names = draw(CHOSEN)
    items = [_item(draw, name, [one for one in names[:place] if draw(YES_OR_NO)]) for place, name in enumerate(names)]
    services = tuple(item for item in items if isinstance(item, Service))
    jobs = tuple(item for item in items if isinstance(item, Job))
    surge = draw(SURGE)
    rollout = Rollout(surge=surge, unavailable=draw(UNAVAILABLE[surge == 0]), soak=draw(SOAK))
    return Stack("p", "e", services=services, jobs=jobs, rollout=rollout)


def _item(draw: st.DrawFn, name: str, needed: list[str]) -> Service | Job:
    kind, needs = draw(KIND), tuple(sorted(needed))
    if kind == "job":
        return Job(name, "run", needs=needs, when=draw(WHEN))
    replicas = draw(REPLICAS)
    if kind == "worker":
        return worker(name, replicas=replicas, needs=needs, handover=draw(HANDOVER))
    return service(name, *([f"/{name}"] if kind == "routed" else []), replicas=replicas, needs=needs)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Wanted, Observed]:
    """Nothing live, or another stack live; the wanted release unknown, or warm with some of it stopped."""
    stack = draw(stacks())
    wanted = Wanted("new", stack, draw(STRATEGY), urgent=draw(YES_OR_NO))
    if draw(YES_OR_NO):
        return wanted, Observed()
    old = draw(stacks())
    stopped = {one.name for one in stack.services if draw(YES_OR_NO)}
    warm = draw(YES_OR_NO)
    return wanted, observed(old, *(instances("new", stack, stopped) if warm else ()), warm=("new",) if warm else ())


SITUATIONS = situations()


@given(SITUATIONS)
def test_a_plan_is_pure_and_deterministic(situation: tuple[Wanted, Observed]) -> None:
    wanted, seen = situation
    before = to_data(wanted), to_data(seen)
    assert plan(wanted, seen) == plan(wanted, seen)
    assert (to_data(wanted), to_data(seen)) == before


@given(SITUATIONS)
def test_the_journal_keeps_every_step_as_it_is(situation: tuple[Wanted, Observed]) -> None:
    for step in plan(*situation):
        assert Step.from_data(step.to_data()) == step
        assert step.id in {f"{step.number}:{step.kind}"}
        assert "{" not in step.shown()


@given(SITUATIONS)
def test_one_commit_near_the_end(situation: tuple[Wanted, Observed]) -> None:
    found = plan(*situation)
    assert [step.number for step in found] == list(range(1, len(found) + 1))
    assert [step.kind for step in found][-2:] == ["commit", "prune"]
    assert sum(step.kind == "commit" for step in found) == 1
    assert {step.kind for step in found} >= {"verify"}


@given(SITUATIONS)
def test_every_instance_is_there_in_the_end_and_was_waited_for(situation: tuple[Wanted, Observed]) -> None:
    wanted, seen = situation
    found = plan(wanted, seen)
    ids = {id for one in wanted.stack.services for id in instance_ids("new", one)}
    awaited = [id for step in found if step.kind == "ready" for id in step.instances]
    assert sorted(awaited) == sorted(ids)
    known = {one.id for one in seen.of("new")}
    living = {one.id for one in seen.of("new") if one.living}
    assert {id for step in found if step.kind == "start" for id in step.instances} == ids - known
    assert {id for step in found if step.kind == "wake" for id in step.instances} == (ids & known) - living


@given(SITUATIONS)
def test_no_instance_of_the_old_release_stops_twice(situation: tuple[Wanted, Observed]) -> None:
    wanted, seen = situation
    rested = [id for step in plan(wanted, seen) if step.kind == "rest" for id in step.instances]
    assert len(rested) == len(set(rested))
    workers = [one for one in (seen.stack.services if seen.stack else ()) if one.is_worker]
    assert {id for one in workers for id in instance_ids("old", one)} <= set(rested)  # never two at work when warm
    everything = {one.id for one in seen.of("old")}
    assert set(rested) == everything if wanted.strategy == "rolling" else set(rested) <= everything


@given(SITUATIONS)
def test_routes_follow_one_another(situation: tuple[Wanted, Observed]) -> None:
    """Each route step starts from where the one before it ended, so that undoing them backwards fits together."""
    routes = [step for step in plan(*situation) if step.kind == "route"]
    for earlier, later in itertools.pairwise(routes):
        assert later.before == earlier.shares
    for step in routes:
        assert sum(weight for _, weight in step.shares.weights) in (0, 100)
    if routes:
        assert routes[-1].shares.weights == (("new", 100),)


@given(stacks())
def test_levels_keep_what_is_needed_first(stack: Stack) -> None:
    place: dict[str, int] = {}
    for number, level in enumerate(levels(stack)):
        place |= {item.name: number for item in (*level.jobs, *level.services)}
    expected = {one.name for one in stack.services if not hands_over(one)}
    assert set(place) == expected | {job.name for job in stack.jobs if job.when == "before-traffic"}
    for item in (*stack.services, *stack.jobs):
        if item.name in place:
            assert all(place[need] < place[item.name] for need in item.needs if need in place)


def test_what_needs_itself_in_a_circle_does_not_loop() -> None:
    circle = Stack("p", "e", services=(service("a", needs=("b",)), service("b", needs=("a",))))
    assert [one.name for level in levels(circle) for one in level.services] == ["a", "b"]


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=300)
def test_rolling_keeps_its_bounds_at_every_moment(new: int, old: int, surge: int, unavailable: int) -> None:
    """Never more than the larger side and `surge`, never fewer ready than the smaller side less `unavailable`."""
    rollout = Rollout(surge=surge, unavailable=unavailable)
    fresh, stale = (tuple(f"{side}{n}" for n in range(count)) for side, count in (("new", new), ("old", old)))
    running, ready = old, old
    started: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    for batch in batches(fresh, stale, rollout):
        assert batch.start or batch.stop
        running += len(batch.start)
        assert running <= max(new, old) + surge or not old
        ready += len(batch.start)
        running, ready = running - len(batch.stop), ready - len(batch.stop)
        if surge or unavailable:  # the loader refuses both 0
            assert ready >= min(new, old) - unavailable
        started, stopped = started + batch.start, stopped + batch.stop
    assert (started, stopped) == (fresh, stale)


def test_nothing_to_do() -> None:
    stack = Stack("p", "e", services=(service("web", "/"),))
    assert plan(Wanted("old", stack, "blue-green"), observed(stack)) == ()


def test_a_dead_instance_of_the_live_release_is_not_stopped_again() -> None:
    stack = Stack("p", "e", services=(service("web", "/", replicas=2),))
    seen = observed(stack)
    dead = replace(seen, instances=(replace(seen.instances[0], phase="failed", verified=False), seen.instances[1]))
    rested = [id for step in steps(stack, dead, "rolling") if step.kind == "rest" for id in step.instances]
    assert rested == ["old.web.2"]


@given(stacks(), stacks())
def test_rolling_gives_no_service_a_user_before_it_was_smoke_tested(old: Stack, new: Stack) -> None:
    """Whatever is ready when the edge is told: each route step, with everything of the new release well at once."""
    seen, tested, by_header = observed(old), set(), set()
    public = {one.name for one in new.services if one.routes}
    for step in steps(new, seen, "rolling"):
        if step.kind == "smoke":
            asked = {step.service} if step.service else public
            assert {f"{name}-new" for name in asked} <= by_header
            tested |= asked
        elif step.kind == "route":
            table = edge_table(step.shares, {"old": old, "new": new}, (*seen.instances, *instances("new", new)))
            by_header = {header.pool for header in table.headers}
            users = {pool for route in table.routes for pool, _ in route.weights}
            assert users.isdisjoint(f"{name}-new" for name in public - tested)
    assert tested == public
