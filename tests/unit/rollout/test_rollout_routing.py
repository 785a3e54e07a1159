"""Who gets the requests: from shares and what is well to the edge's table."""

from __future__ import annotations

from dataclasses import replace

from fairlead.project.stack import CanaryStep, Edge, Judge, Rollout, Route, Service, Stack
from fairlead.render.edge import EdgeTable, Sticky
from fairlead.rollout.routing import edge_table
from fairlead.rollout.steps import Shares
from fairlead.runtimes.base import Instance
from tests.crash.fake_worlds import service, stack, worker
from tests.unit.rollout.observations import instances

WEB = stack(service("web", "/", replicas=2))
TWO = stack(service("api", "/api"), service("web", "/"), worker("clock"), service("inner"))


def told(table: EdgeTable) -> dict[str, dict[str, int]]:
    """Route → pool → weight."""
    return {f"{route.host or ''}{route.path}": dict(route.weights) for route in table.routes}


def ports(table: EdgeTable) -> dict[str, tuple[int, ...]]:
    return {pool.name: pool.ports for pool in table.pools}


def at(base: int, *found: Instance) -> tuple[Instance, ...]:
    """The same instances on other ports."""
    return tuple(replace(one, port=one.port + base if one.port else None) for one in found)


OLD, NEW = instances("old", WEB), at(100, *instances("new", WEB))


def test_the_live_release_gets_everything() -> None:
    table = edge_table(Shares((("old", 100),)), {"old": TWO}, instances("old", TWO))
    assert told(table) == {"/api": {"api-old": 100}, "/": {"web-old": 100}}
    assert ports(table) == {"api-old": (20000,), "web-old": (20001,)}
    assert [(one.path, one.release, one.pool) for one in table.headers] == [
        ("/api", "old", "api-old"),
        ("/", "old", "web-old"),
    ]


def test_only_instances_that_are_well() -> None:
    for wrong in ({"verified": False}, {"phase": "backoff"}, {"phase": "stopping"}, {"phase": "stopped"}):
        seen = (OLD[0], replace(OLD[1], **wrong))
        assert ports(edge_table(Shares((("old", 100),)), {"old": WEB}, seen)) == {"web-old": (20000,)}


def test_all_that_there_are_when_nobody_is_well() -> None:
    seen = tuple(replace(one, phase="backoff", verified=False) for one in OLD)
    table = edge_table(Shares((("old", 100),)), {"old": WEB}, seen)
    assert (told(table), ports(table)) == ({"/": {"web-old": 100}}, {"web-old": (20000, 20001)})


def test_a_candidate_is_reached_by_header_alone() -> None:
    table = edge_table(Shares((("old", 100),), ("new",)), {"old": WEB, "new": WEB}, (*OLD, *NEW))
    assert told(table) == {"/": {"web-old": 100}}
    assert {one.release: one.pool for one in table.headers} == {"old": "web-old", "new": "web-new"}


def test_shares() -> None:
    table = edge_table(Shares((("old", 80), ("new", 20))), {"old": WEB, "new": WEB}, (*OLD, *NEW))
    assert told(table) == {"/": {"web-old": 80, "web-new": 20}}


def test_a_share_of_nobody_goes_to_those_who_are_well() -> None:
    dead = tuple(replace(one, phase="backoff", verified=False) for one in NEW)
    table = edge_table(Shares((("old", 80), ("new", 20))), {"old": WEB, "new": WEB}, (*OLD, *dead))
    assert told(table) == {"/": {"web-old": 80}}
    starting = tuple(replace(one, phase="starting", verified=False) for one in NEW)
    shares = Shares((("new", 100),), fallback="old")
    assert told(edge_table(shares, {"old": WEB, "new": WEB}, (*OLD, *starting))) == {"/": {"web-old": 100}}


def test_without_those_about_to_stop() -> None:
    shares = Shares((("old", 50), ("new", 50)), without=("old.web.1",))
    table = edge_table(shares, {"old": WEB, "new": WEB}, (*OLD, NEW[0]))
    assert ports(table) == {"web-old": (20001,), "web-new": (20100,)}


def test_all_about_to_stop_lose_their_part() -> None:
    shares = Shares((("old", 50), ("new", 50)), without=("old.web.1", "old.web.2"))
    assert told(edge_table(shares, {"old": WEB, "new": WEB}, (*OLD, *NEW))) == {"/": {"web-new": 50}}


def test_those_about_to_stop_are_better_than_nobody() -> None:
    """A way back that is gone twice: the other side is not there any more."""
    shares = Shares((("new", 100),), without=("old.web.1", "old.web.2"), fallback="old")
    table = edge_table(shares, {"old": WEB, "new": WEB}, OLD)
    assert (told(table), ports(table)) == ({"/": {"web-old": 100}}, {"web-old": (20000, 20001)})


def test_the_fallback_serves_what_no_weighted_release_can() -> None:
    """Rolling, two public services: `api` is done, `web` is not yet begun."""
    new = [one for one in at(100, *instances("new", TWO)) if one.service == "api"]
    shares = Shares((("new", 100),), without=("old.api.1",), fallback="old")
    table = edge_table(shares, {"old": TWO, "new": TWO}, (*instances("old", TWO), *new))
    assert told(table) == {"/api": {"api-new": 100}, "/": {"web-old": 100}}


def test_routes_of_one_release_alone() -> None:
    more = stack(service("web", "/", "/new"))
    seen = (*OLD, *at(100, *instances("new", more)))
    both = Shares((("old", 80), ("new", 20)))
    assert told(edge_table(both, {"old": WEB, "new": more}, seen)) == {
        "/": {"web-old": 80, "web-new": 20},
        "/new": {"web-new": 20},
    }
    header = Shares((("old", 100),), ("new",))
    assert told(edge_table(header, {"old": WEB, "new": more}, seen)) == {"/": {"web-old": 100}}
    assert len(edge_table(header, {"old": WEB, "new": more}, seen).headers) == 3


def test_hosts() -> None:
    one = Service("one", "run", port=80, routes=(Route("/", "one.example"), Route("/", "two.example")))
    other = Service("other", "run", port=80, routes=(Route("/"),))
    hosts = Stack("p", "e", services=(one, other))
    table = edge_table(Shares((("old", 100),)), {"old": hosts}, instances("old", hosts))
    assert told(table) == {"one.example/": {"one-old": 100}, "two.example/": {"one-old": 100}, "/": {"other-old": 100}}


def test_a_release_that_is_not_known_any_more_is_left_out() -> None:
    table = edge_table(Shares((("old", 100),), ("gone",)), {"old": WEB}, OLD)
    assert told(table) == {"/": {"web-old": 100}}


def test_nobody_at_all() -> None:
    assert edge_table(Shares(), {}, OLD) == EdgeTable((), (), (), edge_table(Shares(), {}, ()).listen)


def test_the_edge_listens_where_most_users_are() -> None:
    old, new = replace(WEB, edge=Edge(http=8080)), replace(WEB, edge=Edge(http=9090))
    for share, port in ((20, 8080), (80, 9090)):
        shares = Shares((("old", 100 - share), ("new", share)))
        table = edge_table(shares, {"old": old, "new": new}, (*OLD, *NEW))
        assert table.listen == Edge(http=port)


def test_a_service_that_is_withheld_is_reached_by_header_alone() -> None:
    new = at(100, *instances("new", TWO))
    for weights, fallback in (((("new", 100),), "old"), ((("old", 50), ("new", 50)), "old"), ((("old", 100),), "new")):
        shares = Shares(weights, ("new",), ("new.web",), fallback)
        table = edge_table(shares, {"old": TWO, "new": TWO}, (*instances("old", TWO), *new))
        assert set(told(table)["/"]) == {"web-old"}
        assert ("/", "new", "web-new") in [(one.path, one.release, one.pool) for one in table.headers]
    alone = Shares((("new", 100),), without=("new.web",))
    assert told(edge_table(alone, {"new": TWO}, new)) == {"/api": {"api-new": 100}}


# ---- a shadow, and visitors who stay


def mirrors(table: EdgeTable) -> dict[str, tuple[str, float]]:
    return {route.path: (route.mirror, route.mirror_percent) for route in table.routes}


SHADOW = Shares((("old", 100),), ("new",), mirrored="new", mirror_percent=12.5)


def test_a_shadow_gets_copies_on_the_routes_that_both_have() -> None:
    more = stack(service("web", "/", "/new"))
    table = edge_table(SHADOW, {"old": WEB, "new": more}, (*OLD, *at(100, *instances("new", more))))
    assert mirrors(table) == {"/": ("web-new", 12.5)}
    plain = edge_table(replace(SHADOW, mirrored="", mirror_percent=0.0), {"old": WEB, "new": more}, (*OLD, *NEW))
    assert (told(table), len(table.headers)) == (told(plain), 3), "users and testers are where they were"


def test_a_shadow_need_not_be_a_candidate() -> None:
    table = edge_table(replace(SHADOW, candidates=()), {"old": WEB, "new": WEB}, (*OLD, *NEW))
    assert mirrors(table) == {"/": ("web-new", 12.5)}


def test_who_is_not_well_or_has_users_or_is_unknown_gets_no_copies() -> None:
    ill = tuple(replace(one, verified=False) for one in NEW)
    for shares, seen in (
        (SHADOW, ill),
        (replace(SHADOW, weights=(("old", 50), ("new", 50))), NEW),
        (replace(SHADOW, mirror_percent=0.0), NEW),
        (replace(SHADOW, mirrored="gone"), NEW),
    ):
        assert mirrors(edge_table(shares, {"old": WEB, "new": WEB}, (*OLD, *seen))) == {"/": ("", 0.0)}


def test_visitors_stay_as_long_as_a_rollout_can_last() -> None:
    shares, both = Shares((("old", 95), ("new", 5)), sticky="fairlead-new"), {"old": WEB, "new": WEB}
    steps = (CanaryStep(5, 600.0), CanaryStep(50, 3000.0))
    for rollout, seconds in (
        (Rollout(), 3600),
        (Rollout(steps=steps, judge=Judge(hold_for=1800.0)), 7200),
        (Rollout(steps=steps, judge=Judge(hold_for=1e9)), 86400),
    ):
        table = edge_table(shares, {**both, "new": replace(WEB, rollout=rollout)}, (*OLD, *NEW))
        assert table.sticky == Sticky("fairlead-new", seconds)
    assert edge_table(replace(shares, sticky=""), both, (*OLD, *NEW)).sticky is None


# ---- services that ask each other, in containers


def contained(made: Stack, networks: dict[str, tuple[str, ...]] | None = None) -> Stack:
    """The same on docker."""
    named = networks or {}
    services = (
        replace(one, container=replace(one.container, networks=named.get(one.name, ()))) for one in made.services
    )
    return replace(made, runtime="docker", services=tuple(services))


def test_in_containers_every_service_with_a_port_is_asked_by_its_name_too() -> None:
    made = contained(TWO)
    table = edge_table(Shares((("old", 100),)), {"old": made}, instances("old", made))
    inner = {(one.host, one.port): dict(one.weights) for one in table.routes if one.port}
    assert inner == {(one.name, one.port): {f"{one.name}-old": 100} for one in made.services if one.port}
    assert {(one.path, one.host) for one in table.headers} == {("/api", None), ("/", None)}
    assert all(one.mirror == "" for one in table.routes)


def test_names_move_with_the_users() -> None:
    made = contained(WEB)
    found = (*instances("old", made), *at(100, *instances("new", made)))
    table = edge_table(Shares((("old", 80), ("new", 20))), {"old": made, "new": made}, found)
    [inner] = [one for one in table.routes if one.port]
    [public] = [one for one in table.routes if not one.port]
    assert inner.weights == public.weights


def test_the_first_release_asks_itself_while_it_is_tried() -> None:
    made = contained(TWO)
    table = edge_table(Shares(candidates=("old",)), {"old": made}, instances("old", made))
    assert {(one.host, *one.weights) for one in table.routes} == {
        (one.name, (f"{one.name}-old", 100)) for one in made.services if one.port
    }
    both = (*instances("old", made), *at(100, *instances("new", made)))
    later = edge_table(Shares((("old", 100),), candidates=("new",)), {"old": made, "new": made}, both)
    assert all(pool.endswith("-old") for one in later.routes for pool, _ in one.weights)


def test_the_edge_is_in_the_networks_of_services_that_are_not_where_it_always_is() -> None:
    made = contained(TWO, {"api": ("private", "database"), "web": ("backend", "other"), "inner": ("outgoing",)})
    assert edge_table(Shares((("old", 100),)), {"old": made}, instances("old", made)).networks == ("private",)
    assert edge_table(Shares((("old", 100),)), {"old": TWO}, instances("old", TWO)).networks == ()


def test_who_may_ask_by_name_is_in_a_network_of_the_service() -> None:
    made = contained(TWO, {"api": ("private", "database"), "web": ("backend", "private"), "inner": ("outgoing",)})
    table = edge_table(Shares((("old", 100),)), {"old": made}, instances("old", made))
    found = {one.host: one.networks for one in table.routes if one.port}
    assert found == {"api": ("private",), "web": ("backend", "private"), "inner": ()}
    assert all(one.networks == () for one in table.routes if not one.port)


def test_while_two_releases_are_there_the_networks_of_both_count() -> None:
    """Who asks may be of the one, and who answers of the other: up to the moment at which the old one is forgotten."""
    before, after = contained(WEB, {"web": ("backend",)}), contained(WEB, {"web": ("private",)})
    stacks, found = {"old": before, "new": after}, (*instances("old", before), *at(100, *instances("new", after)))
    for shares in (
        Shares((("old", 100),), candidates=("new",)), Shares((("old", 50), ("new", 50))),
        Shares((("new", 100),), candidates=("old",)),
    ):  # fmt: skip
        table = edge_table(shares, stacks, found)
        assert [one.networks for one in table.routes if one.port] == [("backend", "private")]
        assert table.networks == ("private",)
    last = edge_table(Shares((("new", 100),)), stacks, found)
    assert [one.networks for one in last.routes if one.port] == [("private",)]


def test_without_routes_it_listens_for_services_alone() -> None:
    made = contained(stack(service("inner")))
    assert edge_table(Shares((("old", 100),)), {"old": made}, instances("old", made)).listen == made.edge


def test_ports_of_services_are_there_before_anybody_is_sent_to_them() -> None:
    made = contained(TWO)
    table = edge_table(Shares(candidates=("old",)), {"old": made}, instances("old", made))
    assert all(one.port for one in table.routes)  # none of users
    assert set(table.inner) == {one.port for one in made.services if one.port}
    assert edge_table(Shares((("old", 100),)), {"old": TWO}, instances("old", TWO)).inner == ()
