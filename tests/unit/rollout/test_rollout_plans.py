"""The plan for every situation, as a person reads it. What changes here changes what users of every project get."""

from __future__ import annotations

import pytest

from tests.crash.fake_worlds import stack, worker
from tests.unit.rollout.cases import cases
from tests.unit.rollout.observations import observed, shown, steps

LAST = """\
    traffic: new 100 %, old by header only
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
"""  #: of each that begins with another release live
ROLLED = """\
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: old 50 %, new 50 %
    drain and stop web.1 of old
    start web.2 of new
    wait until web.2 of new answer their health check
    traffic: new 100 %
    drain and stop web.2 of old
"""  #: two of web, one after the other
PLANS = {
    "first deployment": """
    run job seed of new
    start api.1, api.2, mailer.1 of new
    wait until api.1, api.2, mailer.1 of new answer their health check
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: new by header only
    smoke tests of new through the edge
    start clock.1 of new
    wait until clock.1 of new answer their health check
    traffic: new 100 %
    verify new: every instance up, smoke tests pass
    run job late of new
    new is live
    forget releases that are no longer kept
""",
    "upgrade, blue-green": """
    run job seed of new
    start api.1, api.2, mailer.1 of new
    wait until api.1, api.2, mailer.1 of new answer their health check
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    drain and stop clock.1, mailer.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
    traffic: new 100 %, old by header only
    verify new: every instance up, smoke tests pass
    run job late of new
    new is live
    forget releases that are no longer kept
""",
    "upgrade, canary": """
    run job seed of new
    start api.1, api.2, mailer.1 of new
    wait until api.1, api.2, mailer.1 of new answer their health check
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    traffic: old 80 %, new 20 %
    judge new for 0 s
    traffic: old 40 %, new 60 %
    judge new for 0 s, until enough is shown
    drain and stop clock.1, mailer.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
    traffic: new 100 %, old by header only
    verify new: every instance up, smoke tests pass
    run job late of new
    new is live
    forget releases that are no longer kept
""",
    "upgrade, rolling": """
    run job seed of new
    start api.1 of new
    wait until api.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of api of new through the edge
    traffic: old 50 %, new 50 %
    drain and stop api.1 of old
    start api.2 of new
    wait until api.2 of new answer their health check
    traffic: new 100 %
    drain and stop api.2 of old
    start mailer.1 of new
    wait until mailer.1 of new answer their health check
    drain and stop mailer.1 of old
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: old 50 %, new 50 %
    drain and stop web.1 of old
    start web.2 of new
    wait until web.2 of new answer their health check
    traffic: new 100 %
    drain and stop web.2 of old
    drain and stop clock.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
    traffic: new 100 %, old by header only
    verify new: every instance up, smoke tests pass
    run job late of new
    new is live
    forget releases that are no longer kept
""",
    "back to a warm release, urgent": """
    wait until api.1, api.2 of new answer their health check
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    traffic: new 100 %, old by header only
    start mailer.1 of new again
    wait until mailer.1 of new answer their health check
    drain and stop clock.1, mailer.1 of old
    start clock.1 of new again
    wait until clock.1 of new answer their health check
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "back to a warm release, blue-green": """
    run job seed of new
    start mailer.1 of new again
    wait until api.1, api.2, mailer.1 of new answer their health check
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    drain and stop clock.1, mailer.1 of old
    start clock.1 of new again
    wait until clock.1 of new answer their health check
    traffic: new 100 %, old by header only
    verify new: every instance up, smoke tests pass
    run job late of new
    new is live
    forget releases that are no longer kept
""",
    "back to a rested release, rolling": """
    start web.1 of new again
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: old 50 %, new 50 %
    drain and stop web.1 of old
    start web.2 of new again
    wait until web.2 of new answer their health check
    traffic: new 100 %
    drain and stop web.2 of old
"""
    + LAST,
    "needs, in containers": """
    run job migrate of new
    start api.1 of new
    traffic: new by header only
    wait until api.1 of new answer their health check
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: new by header only
    smoke tests of new through the edge
    traffic: new 100 %
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "needs, in containers, upgrade": """
    run job migrate of new
    start api.1 of new
    wait until api.1 of new answer their health check
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
"""
    + LAST,
    "needs, in containers, rolling": """
    run job migrate of new
    start api.1 of new
    wait until api.1 of new answer their health check
    traffic: new 100 %
    drain and stop api.1 of old
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: new 100 %
    drain and stop web.1 of old
"""
    + LAST,
    "nothing for users, in containers": """
    start api.1 of new
    wait until api.1 of new answer their health check
    traffic: old 100 %, new by header only
    drain and stop clock.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
"""
    + LAST,
    "another service that is asked, in containers": """
    run job migrate of new
    start api.1 of new
    traffic: old 100 %, new by header only
    wait until api.1 of new answer their health check
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
"""
    + LAST,
    "another network to ask in": """
    traffic: old 100 %, new by header only
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
"""
    + LAST,
    "another network to ask in, rolling": """
    traffic: old 100 %, new by header only
    start web.1 of new
    wait until web.1 of new answer their health check
"""
    + ROLLED
    + LAST,
    "needs": """
    run job migrate of new
    start api.1 of new
    wait until api.1 of new answer their health check
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: new by header only
    smoke tests of new through the edge
    traffic: new 100 %
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "needs, rolling": """
    run job migrate of new
    start api.1 of new
    wait until api.1 of new answer their health check
    drain and stop api.1 of old
    run job warmup of new
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: new 100 %
    drain and stop web.1 of old
"""
    + LAST,
    "services removed and added, blue-green": """
    start site.1, clock.1 of new
    wait until site.1, clock.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    drain and stop clock.1, mailer.1 of old
"""
    + LAST,
    "services removed and added, rolling": """
    start site.1 of new
    wait until site.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of site of new through the edge
    traffic: new 100 %
    start clock.1 of new
    wait until clock.1 of new answer their health check
    drain and stop clock.1 of old
    drain and stop mailer.1 of old
    traffic: new 100 %, old by header only
    drain and stop api.1, api.2, web.1, web.2 of old
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "two replicas more, rolling": """
    start web.1, web.2, web.3 of new
    wait until web.1, web.2, web.3 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: new 100 %
    drain and stop web.1, web.2 of old
    start web.4 of new
    wait until web.4 of new answer their health check
    traffic: new 100 %
"""
    + LAST,
    "one replica less, rolling": """
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: new 100 %
    drain and stop web.1, web.2 of old
"""
    + LAST,
    "none above, one below, rolling": """
    traffic: old 100 %
    drain and stop web.1 of old
    start web.1 of new
    wait until web.1 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of web of new through the edge
    traffic: new 100 %
    drain and stop web.2 of old
    start web.2 of new
    wait until web.2 of new answer their health check
    traffic: new 100 %
"""
    + LAST,
    "workers alone": """
    start mailer.1 of new
    wait until mailer.1 of new answer their health check
    drain and stop clock.1, mailer.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "workers alone, rolling": """
    start mailer.1 of new
    wait until mailer.1 of new answer their health check
    drain and stop mailer.1 of old
    drain and stop clock.1 of old
    start clock.1 of new
    wait until clock.1 of new answer their health check
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "canary with pauses and soak": """
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    traffic: old 90 %, new 10 %
    judge new for 60 s, until enough is shown
    traffic: new 100 %, old by header only
    judge new for 30 s
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "canary, sticky, shadowed and approved": """
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    traffic: old 100 %, new by header only, 5 % of the safe requests copied to new
    judge the mirrored requests of new for 60 s
    traffic: old 100 %, new by header only
    wait until a person approves new
    traffic: old 90 %, new 10 %
    judge new for 60 s
    wait until a person approves new
    traffic: old 50 %, new 50 %
    judge new for 0 s, until enough is shown
"""
    + LAST,
    "blue-green, approved": """
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
    wait until a person approves new
"""
    + LAST,
    "rolling, approved": """
    wait until a person approves new
    start web.1 of new
    wait until web.1 of new answer their health check
"""
    + ROLLED
    + LAST,
    "approved and shadowed, the way back": """
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
"""
    + LAST,
    "canary, nothing live": """
    start web.1, web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: new by header only
    smoke tests of new through the edge
    traffic: new 100 %
    verify new: every instance up, smoke tests pass
    new is live
    forget releases that are no longer kept
""",
    "some already there": """
    start web.2 of new
    wait until web.1, web.2 of new answer their health check
    traffic: old 100 %, new by header only
    smoke tests of new through the edge
"""
    + LAST,
}


@pytest.mark.parametrize("name", cases())
def test_plan(name: str) -> None:
    assert shown(cases()[name]) == PLANS[name]


def test_every_case_has_its_plan() -> None:
    assert list(PLANS) == list(cases())


def test_workers_hand_over_in_the_order_of_needs() -> None:
    """All old ones stop first; then each new one starts when those that it needs are ready."""
    chain = stack(worker("c", needs=("b",)), worker("a"), worker("b", needs=("a",)), worker("d", needs=("a",)))
    found = steps(chain, observed(chain))
    assert [(step.kind, step.instances) for step in found if step.instances] == [
        ("rest", ("old.c.1", "old.a.1", "old.b.1", "old.d.1")),
        ("start", ("new.a.1",)),
        ("ready", ("new.a.1",)),
        ("start", ("new.b.1", "new.d.1")),
        ("ready", ("new.b.1", "new.d.1")),
        ("start", ("new.c.1",)),
        ("ready", ("new.c.1",)),
    ]
