"""How many connections services open while two releases run, and the arithmetic as it is shown."""

from pathlib import Path

import pytest
from project_files import small

from fairlead.project.budget import budgets
from fairlead.project.project import parse_project
from fairlead.project.stack import Pool, Rollout, Service, Stack, Store


def budget(*services, strategy="blue-green", kind="postgres", most=None, surge=1):
    made = Stack(
        "shop", "local", services=services, rollout=Rollout(strategy, surge=surge),
        stores=(Store("db", kind, max_connections=most),),
    )  # fmt: skip
    return budgets(made)


def api(size=5, processes=2, replicas=2, **more):
    return Service("api", port=1, replicas=replicas, pools=(Pool("db", size, processes),), **more)


def worker(handover="stop-first"):
    return Service("worker", replicas=3, pools=(Pool("db", 4),), handover=handover)


def test_the_arithmetic_is_shown():
    (found,) = budget(api(), worker())
    assert found.text == (
        "db: api 5 × 2 processes × 4 instances (2 replicas, old and new) = 40 + "
        "worker 4 × 3 instances (3 replicas, old stopped first) = 12; 52 of 97 (100 less 3 for the superuser)"
    )
    assert (found.needed, found.free, found.result, found.hint) == (52, 97, "ok", "")


@pytest.mark.parametrize(
    ("services", "strategy", "needed"),
    [
        ((api(),), "blue-green", 40),
        ((api(),), "canary", 40),
        ((api(),), "rolling", 40),
        ((worker(),), "blue-green", 12),
        ((worker("overlap"),), "blue-green", 24),
        ((worker("overlap"),), "rolling", 20),
        ((api(replicas=1, processes=1), worker()), "canary", 22),
    ],
)
def test_how_many_run_at_once_follows_the_strategy(services, strategy, needed):
    (found,) = budget(*services, strategy=strategy, surge=2)
    assert found.needed == needed


def test_from_four_fifths_on_it_is_tight():
    assert budget(api(processes=1, replicas=1, size=5), most=16)[0].result == "ok"
    assert budget(api(processes=1, replicas=1, size=5), most=15)[0].result == "tight"
    assert budget(api(processes=1, replicas=1, size=5), most=13)[0].result == "tight"
    over = budget(api(processes=1, replicas=1, size=5), most=12)[0]
    assert over.result == "over" and "max_connections" in over.hint


def test_only_stores_with_a_limit_have_a_budget():
    assert budget(api(), kind="redis") == ()
    (found,) = budget(api(), kind="redis", most=50)
    assert (found.free, found.reserved) == (50, 0)
    assert budget(Service("web")) == ()


def test_another_strategy_than_that_of_the_stack():
    made = Stack("shop", "local", services=(api(),), stores=(Store("db", "postgres"),))
    assert budgets(made)[0].needed == 40
    assert budgets(made, "rolling")[0].needed == 30


def test_sizes_come_from_variables():
    text = small(
        "    pools: {db: {size: '${POOL}'}}\n",
        "variables: {POOL: {type: int, default: 20}}\nstores: {db: {kind: postgres, max_connections: 50}}\n",
        "  local: {edge: {http: 1}, variables: {POOL: 5}}\n  production: {edge: {http: 2}}\n",
    )
    project = parse_project(text, Path("/nowhere"))
    needed = {name: budgets(project.outline(name))[0].needed for name in project.environments}
    assert needed == {"local": 10, "production": 40}
