"""Routes and policies: what a route says, over what all routes have, over the defaults; and what is refused."""

# ruff: noqa: E501

from __future__ import annotations

import pytest
from project_files import findings, small, stack

from fairlead.project.resolve_edge import YEAR
from fairlead.project.stack import Edge, Route, from_data, to_data
from fairlead.project.stack_edge import Limit, Policies, Redirect

BASIC = {"X-Content-Type-Options": "nosniff"}
STRICT = BASIC | {
    "Content-Security-Policy": "default-src 'self'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
}


def file(route: str, edge: str = "", local: str = "") -> str:
    """One route, and what `edge` and the environment say."""
    environments = f"  local: {{edge: {{http: 8080{local}}}}}\n"
    return small(f"    routes: [{route}]\n", f"edge: {{{edge}}}\n" if edge else "", environments)


def route(route: str, edge: str = "", local: str = "") -> Route:
    return stack(file(route, edge, local)).services[0].routes[0]


def test_by_default_nothing_that_could_break_an_application() -> None:
    assert route("/") == Route("/", policies=Policies(BASIC))


def test_the_strict_headers_are_those_that_are_asked_for() -> None:
    found = route("{path: /, policies: {headers: strict}}").policies
    assert (found.headers, found.hsts) == (STRICT, YEAR)


@pytest.mark.parametrize(
    ("own", "of_all", "headers", "hsts"),
    [
        ("", "headers: off", {}, 0),
        ("headers: off", "headers: strict", {}, 0),
        ("headers: {csp: x}", "headers: strict", STRICT | {"Content-Security-Policy": "x"}, YEAR),
        ("headers: {set: basic, frame: DENY}", "headers: {set: strict, csp: y}", BASIC | {"X-Frame-Options": "DENY"}, 0),
        ("headers: {nosniff: false, hsts: off}", "headers: strict",
         {key: value for key, value in STRICT.items() if key not in BASIC}, 0),
        ("headers: {hsts: 1d, more: {A: c, D: e}}", "headers: {more: {A: b, F: g}}", BASIC | {"A": "c", "D": "e", "F": "g"}, 86400),
    ],
)  # fmt: skip
def test_headers_of_a_route_over_those_of_all(own: str, of_all: str, headers: dict[str, str], hsts: int) -> None:
    found = route(f"{{path: /, policies: {{{own}}}}}", f"policies: {{{of_all}}}").policies
    assert (found.headers, found.hsts) == (headers, hsts)


def test_a_route_says_otherwise_than_all() -> None:
    of_all = "policies: {compress: true, body: 100M, timeout: 60s, limit: 10/s, connections: 50, websockets: 10}"
    found = route("/", of_all).policies
    assert found == Policies(BASIC, 0, True, 100 * 2**20, 60.0, Limit(10, 1.0, 10), 50, 10)
    own = "policies: {compress: false, body: off, timeout: off, limit: off, connections: off, websockets: off}"
    assert route(f"{{path: /, {own}}}", of_all).policies == Policies(BASIC)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("limit: 5/m", Limit(5, 60.0, 5)),
        ("limit: {rate: 100/h, burst: 7}", Limit(100, 3600.0, 7)),
        ("policies: {limit: 10/s}", Limit(10, 1.0, 10)),
        ("limit: off", None),
    ],
)
def test_limits(written: str, limit: Limit | None) -> None:
    assert route(f"{{path: /, {written}}}", "policies: {limit: 1/s}").policies.limit == limit


def test_an_environment_says_otherwise_than_the_base() -> None:
    base = "address: 127.0.0.1, trusted_proxies: [10.1.2.3], policies: {headers: strict, limit: 10/s, body: 1M}"
    local = ", trusted_proxies: [10.0.0.0/8, '2001:db8::/32'], policies: {headers: {csp: off}, limit: {burst: 3}, body: null}"
    one = stack(file("/", base, local))
    assert one.edge == Edge(8080, None, "127.0.0.1", trusted_proxies=("10.0.0.0/8", "2001:db8::/32"))
    found = one.services[0].routes[0].policies
    assert found.headers == {key: value for key, value in STRICT.items() if key != "Content-Security-Policy"}
    assert (found.limit, found.body) == (Limit(10, 1.0, 3), 0)


def test_where_requests_go() -> None:
    found = stack(
        file("{path: /a, priority: 3, rewrite: /b, fallback: /i.html}, {path: /c, redirect: /d},"
             " {path: /e, redirect: {to: 'https://x.example.com', permanent: true}}")
    ).services[0].routes  # fmt: skip
    assert found[0] == Route("/a", None, 3, "/b", None, "/i.html", Policies(BASIC))
    assert [one.redirect for one in found[1:]] == [Redirect("/d"), Redirect("https://x.example.com", True)]


def test_a_stored_stack_is_the_same() -> None:
    one = stack(
        file("{path: /, limit: 5/m, policies: {headers: strict}}, {path: /a, redirect: /b}", "trusted_proxies: [::1]")
    )
    assert from_data(type(one), to_data(one)) == one


def test_a_route_of_an_older_release_has_no_policies() -> None:
    assert from_data(Route, {"path": "/", "host": None, "limit": None, "policies": {}}) == Route("/")


REFUSED = {
    "two limits": ("{path: /, limit: 1/s, policies: {limit: 2/s}}",
                   "6:47: services.web.routes[0].policies.limit: the limit of this route stands on line 6 too; keep one of them"),
    "a rate": ("{path: /, limit: 10}", '6:24: services.web.routes[0].limit: expected a rate such as 10/s, off, or a mapping, got 10'),
    "a burst alone": ("{path: /, limit: {burst: 1}}", '6:24: services.web.routes[0].limit: "rate" is missing'),
    "a header": ("{path: /, policies: {headers: {more: {'a b': c}}}}",
                 '6:52: services.web.routes[0].policies.headers.more.a b: expected the name of a header such as '
                 'Permissions-Policy, got "a b"'),
    "a round": ("{path: /, redirect: /x}",
                "6:24: services.web.routes[0].redirect: /x is below the path of this route: a browser would be sent round and round"),
    "a limit of a redirect": ("{path: /a, limit: 1/s, redirect: /x}",
                "6:25: services.web.routes[0].limit: limit has no effect: the edge answers with a redirect, and asks no service"),
    "an unknown policy": ("{path: /, policies: {boddy: 1M}}",
                          '6:35: services.web.routes[0].policies.boddy: unknown key "boddy"; did you mean "body"?'),
    "a count": ("{path: /, policies: {connections: 0}}",
                "6:35: services.web.routes[0].policies.connections: expected a whole number ≥ 1, or off, got 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    written, finding = REFUSED[case]
    assert findings(file(written)) == [f"fairlead.yaml:{finding}"]


def test_a_redirect_below_its_path_is_no_round_when_another_route_has_it() -> None:
    assert findings(file("{path: /, redirect: /app}, /app")) == []


def test_a_network_has_no_bits_beside_its_mask() -> None:
    (found,) = findings(file("/", "trusted_proxies: [10.0.0.1/8]"))
    assert "no network: 10.0.0.1/8 has host bits set" in found


def test_a_folder_of_files_is_served_by_what_comes_with_fairlead() -> None:
    text = "name: a\nservices: {web: {source: s, prepare: {run: [make]}, static: ./dist a, routes: [/]}}\n"
    web = stack(text + "environments: {local: {edge: {http: 1}}}\n").service("web")
    assert web.command == "${FAIRLEAD} -P -m fairlead.static serve 'dist a' --port ${PORT}"
    assert web.prepare and web.prepare.run == ("make", "${FAIRLEAD} -P -m fairlead.static compress 'dist a'")
    assert (web.port, web.is_worker) == (8080, False)


def test_in_a_container_it_is_served_from_its_image() -> None:
    text = "name: a\nservices: {web: {static: dist%s, routes: [/]}}\nenvironments: {local: {runtime: docker, edge: {http: 1}}}\n"
    web = stack(text % ", build: {context: web}").service("web")
    assert web.command == "${FAIRLEAD} -P -m fairlead.static serve dist --port ${PORT} --host 0.0.0.0"


def test_a_folder_of_files_has_no_command() -> None:
    text = "name: a\nservices: {web: {static: dist, command: serve, port: 1}}\nenvironments: {local: {}}\n"
    assert findings(text) == [
        "fairlead.yaml:2:32: services.web.command: static is a server of its own; remove command, or static"
    ]
