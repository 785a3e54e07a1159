"""How a route is split into routers: what counts is counted once, and nothing is split that need not be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.project.stack_edge import Edge, Limit, Policies, Redirect, Route
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool, Sticky
from fairlead.render.matching import number_above, priority
from fairlead.render.traefik import dynamic_file

FULL = Policies({"A": "b"}, 60, True, 100, 5.0, Limit(1, 1, 1), 2, 3)
COUNTING = ("limit-", "at-once-")


def body(how: Route, trusted: tuple[str, ...] = (), two: bool = False) -> dict[str, Any]:
    """What Traefik gets for one route, of one release or of two."""
    releases = ("r1", "r2") if two else ("r1",)
    pools = tuple(Pool("web", name, (number,), waits=(how,)) for number, name in enumerate(releases, 1))
    shares = tuple((pool.name, 100 // len(pools)) for pool in pools)
    route = EdgeRoute(how.path, how.host, shares, how=how)
    headers = tuple(HeaderRoute(how.path, how.host, name, f"web-{name}", how) for name in releases)
    table = EdgeTable(pools, (route,), headers, Edge(80, trusted_proxies=trusted), Sticky("seen", 60) if two else None)
    found: dict[str, Any] = json.loads(dynamic_file(table, "token")[0])["http"]
    return found


def chains(routers: dict[str, Any], name: str) -> list[str]:
    """The middlewares that a request passes on its way to the last router, in their order."""
    one = routers[name]
    above = chains(routers, one["parentRefs"][0]) if "parentRefs" in one else []
    return [*above, *one.get("middlewares", [])]


def test_what_says_nothing_is_one_router() -> None:
    routers = body(Route())["routers"]
    assert len([name for name in routers if not name.startswith("header-")]) == 1


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",)])
def test_each_count_is_in_one_router_for_each_client(trusted: tuple[str, ...], two: bool) -> None:
    routers = body(Route(fallback="/i", policies=FULL), trusted, two)["routers"]
    for word, of_each in (("limit-", 1), ("at-once-", 2)):  # requests and WebSockets at one time are two
        holders = [
            name for name, one in routers.items() if any(mw.startswith(word) for mw in one.get("middlewares", []))
        ]
        assert len(holders) == of_each * (2 if trusted else 1)


def test_every_request_of_a_user_passes_each_policy_once() -> None:
    routers = body(Route(policies=FULL), two=True)["routers"]
    last = [
        name for name, one in routers.items() if "service" in one and not name.startswith(("header-", "uncounted-"))
    ]
    for name in last:
        words = [middleware.rsplit("-", 1)[0] for middleware in chains(routers, name)]
        assert words[:3] == ["headers", "limit", "compress"]
        assert words[-2:] == ["fairlead", "fairlead"]  # retry, unmark
        assert len(words) == len(set(words)) + 1


def test_a_request_with_the_secret_header_meets_nothing_that_refuses() -> None:
    routers = body(Route(fallback="/i", policies=FULL), ("10.0.0.0/8",))["routers"]
    testers = [name for name in routers if "header-r1" in name]
    assert testers
    for name in testers:
        assert not [one for one in chains(routers, name) if one.startswith((*COUNTING, "body-"))]
        assert routers[name]["service"] == "direct:web-r1"
        assert routers[name]["priority"] > priority("x" * 253, "/" + "x" * 8000, 100) + 9


def test_parents_have_no_service_and_children_no_entry_point() -> None:
    """So Traefik wants it."""
    routers = body(Route(policies=FULL), ("::1",), two=True)["routers"]
    parents = {one["parentRefs"][0] for one in routers.values() if "parentRefs" in one}
    assert parents
    for name, one in routers.items():
        assert ("service" in one) != (name in parents)
        assert ("entryPoints" in one) != ("parentRefs" in one)


def test_a_pool_has_a_variant_for_each_time_its_routes_give_it() -> None:
    pool = Pool("web", "r1", (1,), waits=(Route("/a", policies=FULL), Route("/b", policies=Policies(timeout=0.25))))
    routes = tuple(EdgeRoute(path, None, (("web-r1", 100),)) for path in ("/a", "/b", "/c"))
    found = json.loads(dynamic_file(EdgeTable((pool,), routes), "token")[0])["http"]
    names = [one["weighted"]["services"][0]["name"] for one in found["services"].values() if "weighted" in one]
    assert sorted(names) == ["wait250:web-r1", "wait5000:web-r1", "web-r1"]
    wait = found["serversTransports"]["fairlead-250"]["forwardingTimeouts"]
    assert (wait["responseHeaderTimeout"], wait["idleConnTimeout"]) == ("250ms", "1s")


@given(st.integers(0, 10**12), st.integers(0, 10**13))
def test_numbers_above(most: int, number: int) -> None:
    pattern = number_above(most)
    for text in (str(number), f"00{number}"):
        assert bool(re.search(pattern, text)) == (number > most)
    assert not re.search(pattern, str(most)) and re.search(pattern, str(most + 1))


@pytest.mark.parametrize(
    ("path", "to", "url", "expected"),
    [
        ("/old", "/new/", "http://a.b/old/x?y", "/new/x?y"),
        ("/", "/x", "http://a.b:80/y", "/x/y"),
        ("/a.c", "/$1", "http://a.b/a.c/d", "/$1/d"),
    ],
)
def test_a_redirect_as_a_pattern(path: str, to: str, url: str, expected: str) -> None:
    middlewares = body(Route(path, redirect=Redirect(to)))["middlewares"]
    (found,) = (one["redirectRegex"] for one in middlewares.values() if "redirectRegex" in one)
    match = re.match(found["regex"], url)
    assert match
    whole = found["replacement"].replace("${1}", match[1] or "").replace("${2}", match[2] or "").replace("$$", "$")
    assert whole == expected
    assert not re.match(found["regex"], url.replace("a.c", "abc")) or "a.c" not in path
