"""Each policy of a route, as real Traefik carries it out."""

import gzip

import asking
import pytest
from policed import ContainerPoliced, Policed, both, header_of, sent

from fairlead.project.stack_edge import Limit, Policies, Redirect, Route
from fairlead.render.edge import USERS, EdgeRoute, EdgeTable, Pool

STRICT = {
    "Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
}  # fmt: skip


@pytest.fixture(scope="module")
def police(tmp_path_factory, kind, request):
    """One edge that believes one proxy, for the whole module."""
    folder = tmp_path_factory.mktemp("policies")
    made = ContainerPoliced(folder, request.getfixturevalue("elsewhere")) if kind == "docker" else Policed(folder)
    with made as found:
        yield found


# ---- answers


@both
def test_every_answer_has_the_headers_exactly(police, one):
    police.route(one, Policies(STRICT, hsts=31536000, limit=Limit(1, 60, 1)))
    for status in (200, 429):  # the edge's own answers too
        answer = police.ask()
        assert answer.status == status
        assert {name: header_of(answer, name) for name in STRICT} == STRICT
        assert header_of(answer, "Strict-Transport-Security") is None, "said over https alone"


def test_what_the_application_says_is_replaced(police, one):
    police.route(one, Policies({"X-App": "edge"}))
    assert header_of(police.ask(), "X-App") == "edge"


@both
def test_hsts_is_said_where_a_trusted_proxy_speaks_https(police, one):
    police.route(one, Policies(hsts=31536000))
    https = {"X-Forwarded-Proto": "https"}
    assert header_of(police.ask(headers=https), "Strict-Transport-Security") is None
    trusted = police.ask(headers=https, source=police.proxy)
    assert header_of(trusted, "Strict-Transport-Security") == "max-age=31536000; includeSubDomains"


@both
def test_answers_are_compressed_for_who_asks(police, one):
    police.route(one, Policies(compress=True))
    plain, packed = police.ask("/large"), police.ask("/large", headers={"Accept-Encoding": "gzip"})
    assert header_of(plain, "Content-Encoding") is None
    assert header_of(packed, "Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 10


@both
def test_streams_are_not_held_up(police, one):
    """Each line of a stream comes before the next one is written, compressed or not."""
    police.route(one, Policies(compress=True, timeout=0.3, body=1000, connections=50, limit=Limit(100, 1, 100)))
    for path in ("/stream?0.6", "/events?0.6"):
        with police.open(path, {"Accept-Encoding": "gzip"}) as link:
            pieces = 0
            while link.recv(65536):
                pieces += 1
        assert pieces > 5, path


# ---- requests


@both
def test_a_body_over_the_limit_is_413(police, one):
    police.route(one, Policies(body=1000))
    sizes = {0: 200, 999: 200, 1000: 200, 1001: 413, 1010: 413, 1999: 413, 20_000: 413}
    assert {size: police.ask(method="POST", body=b"x" * size).status for size in sizes} == sizes
    assert max(len(body) for body in one.bodies) == 1000, "nothing larger came to the application"


@both
def test_a_body_that_does_not_say_how_long_it_is_is_counted(police, one):
    police.route(one, Policies(body=1000))
    assert police.ask(method="POST", chunks=[b"x" * 400] * 2).status == 200
    assert police.ask(method="POST", chunks=[b"x" * 400] * 3).status == 413
    assert one.bodies == [b"x" * 800]


def test_a_body_passes_as_it_comes(police, one):
    """The edge does not keep the whole of a body that is announced: the application has half of it before the rest."""
    police.route(one, Policies(body=1_000_000))
    with police.connection() as link:
        link.sendall(b"POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + b"x" * 300_000)
        police.until(one, 1)
        link.sendall(b"x" * 100_000)
        assert b" 200 " in link.recv(4096).split(b"\r\n")[0]


@both
def test_an_answer_that_does_not_begin_in_time_is_504_and_asked_for_once(police, one):
    police.route(one, Policies(timeout=0.3))
    assert police.ask("/slow?1").status == 504
    assert [request.path for request in one.requests] == ["/slow?1"], "retried"
    assert police.ask("/stream?0.6").status == 200


@both
def test_a_websocket_outlives_the_time_for_an_answer(police, one):
    police.route(one, Policies(timeout=0.2, compress=True, body=10, websockets=3, limit=Limit(50, 1, 50)))
    link = police.upgraded()
    for _ in range(3):
        assert sent(link, 0.15) == b"one:hello"
    link.close()


def test_two_routes_of_a_service_have_times_of_their_own(police, one):
    quick, slow = Route("/quick", policies=Policies(timeout=0.2)), Route("/", policies=Policies())
    police.routes(one, quick, slow)
    assert police.ask("/slow?0.5").status == 200
    assert police.ask("/quick/slow?0.5").status == 200  # the back end does not know that path: it answers at once
    assert police.edge.table_in_force() == {key: {"web-r1": 100} for key in police.keys(quick, slow)}


# ---- clients


def statuses(police, count, **how):
    return [police.ask(**how).status for _ in range(count)]


@both
def test_more_requests_than_the_limit_are_429_until_time_has_passed(police, one):
    police.route(one, Policies(limit=Limit(20, 1, 4)))
    found = statuses(police, 12)
    assert found[:4] == [200] * 4
    assert 429 in found
    police.recovers()


def test_the_limit_is_one_for_all_kinds_of_requests(police, one):
    """Routers that each counted for themselves would let several times as many pass."""
    police.route(one, Policies(limit=Limit(1, 60, 3), body=1000, websockets=5, connections=5))
    post, page = {"method": "POST"}, {"headers": {"Accept": "text/html"}}
    kinds = [{}, post | {"body": b"x"}, post | {"chunks": [b"x"]}, page]
    assert [police.ask(**kind).status for kind in kinds * 2] == [200] * 3 + [429] * 5
    with pytest.raises(AssertionError, match="429"):
        police.upgraded()


def test_the_limit_is_one_for_both_releases(police, one, two):
    """With two releases, a sticky cookie and copies a route is many routers; they count together."""
    police.two(one, two, Policies(limit=Limit(1, 60, 3)), sticky=True, mirror=True)
    found = [police.ask(method=method, body=b"" if method == "POST" else None).status for method in ("GET", "POST") * 4]
    assert found == [200] * 3 + [429] * 5


@both
def test_each_route_and_each_client_has_a_limit_of_its_own(police, one):
    limit = Policies(limit=Limit(1, 60, 2))
    police.routes(one, Route("/a", policies=limit), Route("/b", policies=limit), Route("/"))
    assert statuses(police, 3, path="/a") == [200, 200, 429]
    assert statuses(police, 3, path="/b") == [200, 200, 429]
    assert statuses(police, 3, path="/a", source=police.other) == [200, 200, 429]
    assert statuses(police, 3) == [200] * 3


@both
def test_a_forged_address_is_no_other_client(police, one):
    police.route(one, Policies(limit=Limit(1, 60, 2)))
    forged = [
        {"X-Forwarded-For": "198.51.100.1"}, {"X-Real-Ip": "198.51.100.2"}, {"Forwarded": "for=198.51.100.3"},
        {"X_Forwarded_For": "198.51.100.4"},
    ]  # fmt: skip
    assert [police.ask(headers=headers).status for headers in forged] == [200, 200, 429, 429]
    assert all("198.51.100" not in str(request.headers.get("x-forwarded-for")) for request in one.requests)


@both
def test_an_address_in_another_way_of_writing_does_not_reach_the_application(police, one):
    police.route(one)
    police.ask(headers={"X_Forwarded_For": "198.51.100.4", "X.Real.Ip": "198.51.100.5"})
    assert "198.51.100" not in str(one.requests[-1].headers)


@both
def test_behind_a_trusted_proxy_each_address_is_a_client(police, one):
    police.route(one, Policies(limit=Limit(1, 60, 2)))

    def asked(addresses):
        return police.ask(headers={"X-Forwarded-For": addresses}, source=police.proxy).status

    assert [asked(f"203.0.113.{n}") for n in range(4)] == [200] * 4
    assert one.requests[-1].headers["x-forwarded-for"] == f"203.0.113.3, {police.proxy}"
    assert [asked(f"198.51.100.{n}, 203.0.113.9") for n in range(3)] == [200, 200, 429], (
        "the client wrote the first one"
    )
    assert [asked(f"203.0.113.8, {police.proxy}") for _ in range(3)] == [200, 200, 429], "a trusted one is skipped"


def seen_as(backend):
    return backend.requests[-1].headers["x-forwarded-for"]


@both
def test_from_another_machine_a_client_has_its_own_address(police, one):
    """And who asks on this machine by an address of it that others know, as a proxy may, has that."""
    police.route(one)
    police.ask(source=police.other)
    assert seen_as(one) == police.other
    assert asking.ask(police.port, host=police.address).status == 200
    assert seen_as(one) == police.address


@both
def test_more_requests_at_one_time_are_429(police, one):
    police.route(one, Policies(connections=2))
    links = [police.open("/hang") for _ in range(2)]
    police.until(one, 2)
    assert police.ask().status == 429
    assert police.ask(source=police.other).status == 200, "another client"
    for link in links:
        link.close()
    police.recovers()


@both
def test_more_websockets_at_one_time_are_429(police, one):
    police.route(one, Policies(websockets=2))
    links = [police.upgraded() for _ in range(2)]
    with pytest.raises(AssertionError, match="429"):
        police.upgraded()
    assert [asking.echo(link, b"hello") for link in links] == [b"one:hello"] * 2
    assert statuses(police, 5) == [200] * 5, "requests are none"
    links[0].close()
    police.opens()
    links[1].close()


# ---- where they go


def test_the_highest_priority_goes_first(police, one, two):
    police.routes(one, Route("/a/b/c"), Route("/", priority=1), others=((two, Route("/a")),))
    assert police.ask("/a/b/c").who == "one"
    assert police.ask("/a/x").who == "one", "before the longer path"


@pytest.mark.parametrize(
    ("path", "into", "asked", "seen"),
    [
        ("/api", "/", "/api/x?a=1", "/x?a=1"),
        ("/api", "/", "/api", "/"),
        ("/api", "/v2", "/api/x?a=1", "/v2/x?a=1"),
        ("/api", "/v2", "/api", "/v2"),
        ("/", "/app", "/x", "/app/x"),
        ("/a.b", "/$1", "/a.b/c", "/$1/c"),
    ],
)
def test_a_service_gets_another_path(police, one, path, into, asked, seen):
    police.routes(one, Route(path, rewrite=into))
    police.ask(asked)
    assert one.requests[-1].path == seen


@pytest.mark.parametrize(
    ("path", "to", "asked", "location"),
    [
        ("/old", "/new", "/old/a/b?x=1&y=2", "/new/a/b?x=1&y=2"),
        ("/old", "/new", "/old?x=1", "/new?x=1"),
        ("/shop", "/", "/shop/cart", "/cart"),
        ("/", "https://www.example.com", "/a?b=c", "https://www.example.com/a?b=c"),
        ("/docs", "https://docs.example.com/v1", "/docs/x", "https://docs.example.com/v1/x"),
    ],
)
def test_a_redirect_keeps_what_follows_the_prefix(police, one, path, to, asked, location):
    police.routes(one, Route(path, redirect=Redirect(to)))
    answer = police.ask(asked)
    assert (answer.status, header_of(answer, "Location")) == (302, location)
    assert one.requests == []


def test_a_redirect_for_ever_keeps_the_method(police, one):
    police.routes(one, Route("/old", redirect=Redirect("/new", permanent=True)))
    assert police.ask("/old").status == 301
    assert police.ask("/old", method="POST", body=b"").status == 308


def test_a_page_that_is_not_there_is_the_application_of_one_page(police, one):
    police.routes(one, Route("/", fallback="/index", policies=Policies(compress=True, websockets=2)))
    page = {"Accept": "text/html,*/*;q=0.8"}
    assert police.ask("/status/404", headers=page).status == 200
    assert [request.path for request in one.requests] == ["/status/404", "/index"]
    assert police.ask("/status/404", headers={"Accept": "*/*"}).status == 404, "a file, or a script's request"
    assert police.ask("/status/404", method="POST", body=b"", headers=page).status == 404
    assert police.ask("/status/500", headers=page).status == 500
    assert police.ask("/anything", headers=page).status == 200


# ---- Fairlead itself


def test_requests_with_the_secret_header_pass_whatever_is_limited(police, one):
    how = Policies(STRICT, body=10, timeout=0.2, limit=Limit(1, 60, 1), connections=1, websockets=1)
    police.route(one, how)
    statuses(police, 3)
    secret = police.edge.release_header("r1")
    found = [police.ask(headers=secret) for _ in range(5)]
    assert {answer.status for answer in found} == {200}
    assert header_of(found[0], "X-Frame-Options") == "DENY", "a smoke test sees the headers"
    assert police.ask(headers=secret, method="POST", body=b"x" * 100).status == 200
    assert police.ask("/slow?0.5", headers=secret).status == 200
    assert all("x-fairlead-release" not in request.headers for request in one.requests)


def test_its_requests_as_a_user_are_not_counted(police, one, two):
    """After the switch the smoke tests go the way of users, however little of it one client may have."""
    police.two(one, two, Policies(limit=Limit(1, 60, 1), connections=1))
    statuses(police, 2)
    found = [police.ask(headers=police.edge.release_header(USERS)) for _ in range(8)]
    assert {answer.status for answer in found} == {200}
    assert {answer.who for answer in found} == {"one", "two"}, "by weight, as users"
    assert all("x-fairlead-release" not in request.headers for request in one.requests + two.requests)


def test_the_fallback_does_not_tell_the_secret_header(police, one):
    police.routes(one, Route("/", fallback="/index"))
    assert police.ask("/status/404", headers=police.edge.release_header("r1")).status == 200
    assert [request.path for request in one.requests] == ["/status/404", "/index"]
    assert all("x-fairlead-release" not in request.headers for request in one.requests)


def test_counts_are_by_release_whatever_the_time_for_an_answer(rig, one, two):
    """Of a release that has another time than the one before it nothing is forgotten when the users move to it."""
    ways = {name: Route("/", policies=Policies(timeout=wait)) for name, wait in (("r1", 5), ("r2", 9))}
    pools = tuple(
        Pool("web", name, (backend.port,), waits=(ways[name],)) for name, backend in (("r1", one), ("r2", two))
    )
    for first, second in (("r1", "r2"), ("r2", "r1")):
        route = EdgeRoute("/", None, ((f"web-{first}", 99), (f"web-{second}", 1)), how=ways[first])
        rig.edge.route(EdgeTable(pools, (route,), (), rig.listen))
        assert [rig.ask().status for _ in range(3)] == [200] * 3
        assert list(rig.edge.table_in_force().values()) == [{f"web-{first}": 99, f"web-{second}": 1}]
    found = rig.edge.traffic()
    assert found.total("r1") + found.total("r2") == 6
    assert {name: sum(pool.codes.values()) for name, pool in rig.edge.counters().pools.items()} == {
        "web-r1": 3,
        "web-r2": 3,
    }


def test_http_goes_to_https(tmp_path, one):
    with Policed(tmp_path, https=True) as police:
        police.route(one, Policies(hsts=31536000))
        answer = police.ask("/a?b=c", headers={"Host": "shop.example.com"})
        assert (answer.status, header_of(answer, "Location")) == (301, f"https://shop.example.com:{police.https}/a?b=c")
        assert police.ask(headers={"X-Forwarded-Proto": "https"}).status == 301, "forged"
        assert police.ask(headers={"X-Forwarded-Proto": "https"}, source=police.proxy).status == 200
        assert police.ask(headers=police.edge.release_header("r1")).status == 200, "Fairlead's own"
        secure = police.ask_https()
        assert secure.status == 200
        assert header_of(secure, "Strict-Transport-Security") == "max-age=31536000; includeSubDomains"
