"""Traefik's files, as data. That Traefik takes them is tested with the real one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from fairlead.project.stack import Edge, Route
from fairlead.project.stack_edge import Policies
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Members, Pool, Sticky
from fairlead.render.traefik import (
    cookie_value,
    dynamic_file,
    priority,
    route_key,
    rule,
    sticky_value,
)

TABLE = EdgeTable(
    (Pool("api", "old", (20001, 20002)), Pool("web", "old", (20003,)), Pool("web", "new", (20004,))),
    (
        EdgeRoute("/api", "shop.example", (("api-old", 100),)),
        EdgeRoute("/", None, (("web-old", 80), ("web-new", 20))),
    ),
    (HeaderRoute("/", None, "new", "web-new"),),
)

TESTER = f"HeaderRegexp(`Cookie`, `(^|;) *fairlead-release=({cookie_value('secret', 'new')}) *(;|$)`)"


def server(port: int) -> dict[str, str]:
    return {"url": f"http://127.0.0.1:{port}"}


def router(match: str, service: str, number: int) -> dict[str, Any]:
    return {
        "entryPoints": ["web"],
        "middlewares": ["fairlead-retry", "fairlead-unmark"],
        "priority": number,
        "rule": match,
        "service": service,
    }


def golden(revision: str) -> dict[str, Any]:
    api, root = route_key("shop.example", "/api"), route_key(None, "/")
    return {
        "http": {
            "middlewares": {
                "fairlead-retry": {"retry": {"attempts": 12, "initialInterval": "20ms", "timeout": "15s"}},
                "fairlead-unmark": {
                    "headers": {"customRequestHeaders": {"X-Fairlead-Release": "", "X-Fairlead-Shadow": ""}}
                },
                revision: {"headers": {"customRequestHeaders": {"X-Fairlead-Revision": revision}}},
            },
            "routers": {
                api: router("Host(`shop.example`) && (Path(`/api`) || PathPrefix(`/api/`))", api, 100_050),
                root: router("PathPrefix(`/`)", root, 20),
                f"header-new-{root}": router(
                    f"(Header(`X-Fairlead-Release`, `secret-new`) || {TESTER}) && PathPrefix(`/`)",
                    "direct:web-new",
                    1_000_000_020,
                ),
            },
            "serversTransports": {"fairlead": {"forwardingTimeouts": {"dialTimeout": "5s", "idleConnTimeout": "1s"}}},
            "services": {
                "api-old": {
                    "loadBalancer": {"servers": [server(20001), server(20002)], "serversTransport": "fairlead"}
                },
                "web-old": {"loadBalancer": {"servers": [server(20003)], "serversTransport": "fairlead"}},
                "web-new": {"loadBalancer": {"servers": [server(20004)], "serversTransport": "fairlead"}},
                "direct:web-new": {"loadBalancer": {"servers": [server(20004)], "serversTransport": "fairlead"}},
                api: {"weighted": {"services": [{"name": "api-old", "weight": 100}]}},
                root: {
                    "weighted": {"services": [{"name": "web-old", "weight": 80}, {"name": "web-new", "weight": 20}]}
                },
            },
        }
    }


def test_a_table() -> None:
    text, revision = dynamic_file(TABLE, "secret")
    assert json.loads(text) == golden(revision)
    assert re.fullmatch(r"fairlead-revision-[0-9a-f]{16}", revision)
    assert dynamic_file(TABLE, "secret") == (text, revision)


def test_another_table_is_another_revision() -> None:
    """The API shows the revision: it proves that exactly this file is in force."""
    other = EdgeTable(TABLE.pools, TABLE.routes, ())
    assert len({dynamic_file(table, token)[1] for table in (TABLE, other) for token in ("a", "b")}) == 3


def test_an_empty_table_has_no_empty_section() -> None:
    """Traefik refuses a file with an empty section, and with it everything else in the folder."""
    content = json.loads(dynamic_file(EdgeTable(), "secret")[0])
    assert all(content["http"].values())
    assert "routers" not in content["http"]


@pytest.mark.parametrize("how", [Route(), Route(policies=Policies(connections=1))])
def test_by_name_only_members_of_its_networks_are_answered(how: Route) -> None:
    """All routers of it, and none at all where nobody is known to be in them: then its name is that of nobody."""
    named = EdgeRoute(
        "/", "web", (("web-old", 100),), port=80, networks=("own", "backend"), how=replace(how, host="web")
    )
    table = EdgeTable((Pool("web", "old", (80,), ("10.0.0.9",)),), (named,))

    def rules(**members: Members) -> dict[str, str]:
        http = json.loads(dynamic_file(table, "secret", members)[0])["http"]
        assert http["services"].keys() >= {"web-old"}
        return {name: one["rule"] for name, one in http.get("routers", {}).items() if "parentRefs" not in one}

    found = rules(own=Members(("10.0.0.0/24",), ("10.0.0.1",)), other=Members(("10.1.0.0/24",)))
    match = "Host(`web`) && PathPrefix(`/`) && (ClientIP(`10.0.0.0/24`)) && !(ClientIP(`10.0.0.1`))"
    assert found and all(one.endswith(match) for one in found.values())
    assert rules(other=Members(("10.1.0.0/24",))) == rules() == {}


@pytest.mark.parametrize("path", ["/{{ env `HOME` }}", "/{{{{", "/a}}{{b"])
def test_templates_in_values_stay_text(path: str) -> None:
    """Traefik runs its dynamic files through Go's template engine, which gives `{{"{{"}}` back as `{{`."""
    table = EdgeTable((Pool("web", "old", (20003,)),), (EdgeRoute(path, None, (("web-old", 100),)),))
    text, _ = dynamic_file(table, "secret")
    actions = re.findall(r"\{\{.*?\}\}", text)
    assert actions
    assert set(actions) == {'{{"{{"}}'}
    content = json.loads(text.replace('{{"{{"}}', "{{"))
    assert path in content["http"]["routers"][route_key(None, path)]["rule"]


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (None, "/", "PathPrefix(`/`)"),
        (None, "/api", "(Path(`/api`) || PathPrefix(`/api/`))"),
        (None, "/api/", "(Path(`/api`) || PathPrefix(`/api/`))"),
        ("shop.example", "/", "Host(`shop.example`) && PathPrefix(`/`)"),
        ("shop.example", "/a/b", "Host(`shop.example`) && (Path(`/a/b`) || PathPrefix(`/a/b/`))"),
    ],
)
def test_a_prefix_ends_at_a_slash(host: str | None, path: str, expected: str) -> None:
    """`PathPrefix(/api)` alone would match /apix too."""
    assert rule(host, path) == expected


def test_the_closest_route_comes_first() -> None:
    routes = [("a.example", "/x/y"), ("a.example", "/x"), ("a.example", "/"), (None, "/x/y"), (None, "/")]
    numbers = [priority(host, path) for host, path in routes]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == len(numbers)


def test_route_keys_are_names_that_no_value_breaks() -> None:
    keys = {route_key(host, path) for host in (None, "a.example", "b.example") for path in ("/", "/`", "/ä{{")}
    assert len(keys) == 9
    assert all(re.fullmatch(r"route-[0-9a-f]{12}", key) for key in keys)


# ---- sticky visitors and copies

SHARED = EdgeTable(
    (Pool("web", "r1", (1,)), Pool("web", "r2", (2,)), Pool("api", "r2", (3,))),
    (EdgeRoute("/", None, (("web-r1", 95), ("web-r2", 5))), EdgeRoute("/api", None, (("api-r2", 5),))),
    (),
    Edge(http=80),
    Sticky("fairlead-r2", 7200),
)


def content(table: EdgeTable) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dynamic_file(table, "secret")[0])["http"]
    return found


def test_a_sticky_cookie() -> None:
    services = content(SHARED)["services"]
    cookie = services[route_key(None, "/")]["weighted"]["sticky"]["cookie"]
    assert cookie == {
        "name": "fairlead-r2", "maxAge": 7200, "path": "/", "httpOnly": True, "sameSite": "lax", "secure": False,
    }  # fmt: skip
    assert "sticky" not in services[route_key(None, "/api")]["weighted"], "nothing to choose there"
    safe = content(replace(SHARED, listen=Edge(https=443)))["services"][route_key(None, "/")]
    assert safe["weighted"]["sticky"]["cookie"]["secure"] is True


def test_a_visitor_of_any_service_of_a_release_gets_that_release() -> None:
    routers, root = content(SHARED)["routers"], route_key(None, "/")
    sticky = {name: (one["service"], one["priority"]) for name, one in routers.items() if name.startswith("sticky-")}
    between = (routers[root]["priority"], routers[route_key(None, "/api")]["priority"])
    assert sticky == {f"sticky-r1-{root}": ("web-r1", 22), f"sticky-r2-{root}": ("web-r2", 22)}
    assert between[0] < 22 < between[1], "no cookie takes a longer path away from its route"
    values = f"{sticky_value('web-r2')}|{sticky_value('api-r2')}"
    assert routers[f"sticky-r2-{root}"]["rule"] == (
        f"HeaderRegexp(`Cookie`, `(^|;) *fairlead-r2=({values}) *(;|$)`) && PathPrefix(`/`)"
    )


def test_a_table_without_mirrors_has_nothing_of_them() -> None:
    assert "shadow" not in dynamic_file(SHARED, "secret")[0].lower().replace("x-fairlead-shadow", "")


def mirrored(percent: float) -> dict[str, Any]:
    route = EdgeRoute("/", None, (("web-r1", 100),), "web-r2", percent)
    return content(replace(SHARED, routes=(route,), sticky=None))


def test_a_mirror() -> None:
    found, root = mirrored(10.0), route_key(None, "/")
    assert found["services"][f"mirror-{root}"] == {
        "mirroring": {
            "service": root, "mirrors": [{"name": "shadow:web-r2", "percent": 10}], "mirrorBody": True,
            "maxBodySize": 8192,
        }
    }  # fmt: skip
    assert found["services"]["shadow:web-r2"] == {
        "loadBalancer": {"servers": [server(2)], "serversTransport": "fairlead-shadow"},
        "middlewares": ["fairlead-shadow", "fairlead-shadow-limit"],
    }
    assert found["services"][root]["weighted"]["services"] == [{"name": "web-r1", "weight": 100}]
    timeouts = found["serversTransports"]["fairlead-shadow"]["forwardingTimeouts"]
    assert timeouts == {"idleConnTimeout": "1s", "dialTimeout": "5s", "responseHeaderTimeout": "10s"}
    router = found["routers"][f"mirror-{root}"]
    assert (router["service"], router["priority"]) == (f"mirror-{root}", 21)
    assert router["rule"] == (
        "(Method(`GET`) || Method(`HEAD`)) && !HeaderRegexp(`Upgrade`, `.`)"
        " && !HeaderRegexp(`Accept`, `(?i)text/event-stream`) && PathPrefix(`/`)"
    )


@pytest.mark.parametrize(("percent", "whole", "share"), [(0.5, 1, 0.5), (2.5, 3, 2.5 / 3), (0.0001, 1, 0.001)])
def test_fractions_of_a_percent(percent: float, whole: int, share: float) -> None:
    """Traefik's percentage is whole: a part of the requests is offered to a mirror of the next whole one."""
    services, root = mirrored(percent)["services"], route_key(None, "/")
    first, rest = services[f"mirror-{root}"]["weighted"]["services"]
    assert (first["name"], rest["name"]) == (f"mirrored-{root}", root)
    assert first["weight"] / (first["weight"] + rest["weight"]) == pytest.approx(share)
    assert services[f"mirrored-{root}"]["mirroring"]["mirrors"][0]["percent"] == whole


def test_secrets_of_testers() -> None:
    """One for each release and environment, and no way from one to another, or to the token."""
    values = {cookie_value(token, release) for token in ("a" * 32, "b" * 32) for release in ("r1", "r2")}
    assert len(values) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", value) for value in values)
