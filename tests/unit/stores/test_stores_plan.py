"""Stores are made once, and made anew only when their own declaration changed."""

from dataclasses import replace

import pytest

from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.operations.stores.changes import go_back
from fairlead.operations.stores.ensure import carry, require_agreed
from fairlead.project.stack import Container, Resources, Store
from fairlead.stores.awaiting import NotWell
from fairlead.stores.base import Running
from fairlead.stores.declared import fingerprint
from fairlead.stores.fake import FakeStores
from fairlead.stores.plan import store_steps
from fairlead.system.home import Place

DB = Store("db", "postgres", databases=("shop",))
CACHE = Store("cache", "redis", maxmemory=1 << 20)
VALUES = {"DB_PASSWORD": Secret("db-phrase-1234"), "CACHE_PASSWORD": Secret("cache-phrase-1")}


def kinds(wanted, seen):
    return [(step.kind, step.name) for step in store_steps(wanted, seen)]


def test_what_is_missing_is_made_what_rests_is_started_what_runs_stays():
    there = Running(CACHE, fingerprint(CACHE), "stopped")
    assert kinds([DB, CACHE], [there]) == [("make", "db"), ("start", "cache")]
    assert kinds([CACHE], [replace(there, phase="running")]) == [("have", "cache")]


def test_what_is_declared_no_more_is_left_alone():
    step = store_steps([], [Running(DB, fingerprint(DB), "running")])[0]
    assert step.kind == "leave"
    assert "its data stays" in step.text
    assert not step.asks


def test_what_others_run_is_none_of_ours():
    assert kinds([replace(DB, url="postgres://x")], []) == []


@pytest.mark.parametrize(
    "other",
    [
        replace(DB, max_connections=50),
        replace(DB, container=Container(image="postgres:16")),
        replace(DB, container=Container(resources=Resources(memory=1 << 30))),
        replace(DB, env={"TZ": "UTC"}),
    ],
)
def test_another_declaration_needs_a_person(other):
    (step,) = store_steps([other], [Running(DB, fingerprint(DB), "running")])
    assert (step.kind, step.asks) == ("change", True)
    place = Place.of("shop", "local")
    with pytest.raises(Refused, match="make db anew") as caught:
        require_agreed([step], place, anew=False)
    assert "fairlead stores apply local" in (caught.value.hint or "")
    require_agreed([step], place, anew=True)


@pytest.mark.parametrize(
    "other",
    [
        replace(DB, databases=("shop", "reports")),
        replace(DB, extensions={"shop": ("citext",)}),
        replace(DB, container=Container(compose={"tty": True})),
    ],
)
def test_what_changes_while_it_runs_is_no_reason_to_make_it_anew(other):
    assert fingerprint(other) == fingerprint(DB)


def test_what_an_earlier_fairlead_did_not_count_is_no_change():
    told = replace(DB, container=Container(compose={"shm_size": "1g"}))
    seen = Running(told, fingerprint(DB), "running")
    assert kinds([told], [seen]) == [("have", "db")]
    assert kinds([replace(told, container=Container(compose={"shm_size": "2g"}))], [seen]) == [("change", "db")]


def test_what_the_engine_is_told_of_compose_is_one():
    assert fingerprint(replace(DB, container=Container(compose={"shm_size": "1g"}))) != fingerprint(DB)


def test_all_are_started_then_awaited_then_filled():
    stores = FakeStores(questions=3)
    steps = store_steps([DB, CACHE], [])
    carry(stores, (DB, CACHE), steps, VALUES, lambda *_: None)
    assert stores.said == ["have db", "have cache", "settle db", "settle cache"]
    assert set(stores.given["db"]) == {"DB_PASSWORD"}  # none gets another one's


def test_those_that_change_are_away_one_after_the_other():
    stores = FakeStores()
    carry(stores, (DB, CACHE), store_steps([DB, CACHE], []), VALUES, lambda *_: None)
    stores.said.clear()
    changed = (replace(DB, max_connections=7), replace(CACHE, maxmemory=2 << 20))
    carry(stores, changed, store_steps(changed, stores.observe()), VALUES, lambda *_: None)
    assert stores.said == ["set db aside", "have db", "settle db", "let db go", "set cache aside", "have cache",
                           "settle cache", "let cache go"]  # fmt: skip


class Killed(BaseException):
    """As a kill is: nobody catches it."""


@pytest.mark.parametrize("point", range(8))
def test_a_kill_at_any_point_is_made_good_by_whoever_comes_next_whatever_that_one_wants(point):
    stores = FakeStores()
    carry(stores, (DB, CACHE), store_steps([DB, CACHE], []), VALUES, lambda *_: None)
    changed = (replace(DB, max_connections=7), replace(CACHE, maxmemory=2 << 20))
    count = iter(range(100))

    def hook(_):
        if next(count) == point:
            raise Killed

    stores.hook = hook
    with pytest.raises(Killed):
        carry(stores, changed, store_steps(changed, stores.observe()), VALUES, lambda *_: None)
    stores.hook = lambda _: None
    go_back(stores, lambda *_: None)  # as the keeper, `up`, and a deployment of the old file do
    there = {one.name: one for one in stores.observe()}
    assert all(one.living for one in there.values())
    assert there["db"].fingerprint == fingerprint(changed[0] if point >= 4 else DB)
    assert there["cache"].fingerprint == fingerprint(CACHE)
    carry(stores, changed, store_steps(changed, stores.observe()), VALUES, lambda *_: None)
    assert kinds(changed, stores.observe()) == [("have", "db"), ("have", "cache")]


def test_one_that_does_not_answer_is_named_with_its_reason():
    from fairlead.project.stack import Health  # noqa: PLC0415

    stores, slow = FakeStores(questions=10_000), replace(DB, health=Health(deadline=0.1, interval=0.01))
    with pytest.raises(NotWell, match="store db is not well: it is starting"):
        carry(stores, (slow,), store_steps([slow], []), VALUES, lambda *_: None)
