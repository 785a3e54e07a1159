"""Copies of safe requests go to a release that has no users: nobody sees its answers, and Traefik counts them.

Found with Traefik 3.7.15: an answer to a copy counts in `traefik_service_requests_total` and in the histogram of the
service that the copy went to, once, with the status and the time it took; it is not in the access log. With
`mirrorBody: false` a GET that has a body is copied with its length and without its body, which ends as a 500 or 502
that the release never gave (`naive_a_copy_without_its_body_…`).
"""

import contextlib
import socket
import threading
import time
from dataclasses import replace

import asking
import pytest
from plain_traefik import everything_to, servers
from running import eventually, free_port

from fairlead.render.edge import RELEASE_HEADER, SHADOW_HEADER
from fairlead.render.traefik import SHADOW_BODY, SHADOW_MOST
from fairlead.system import sockets

pytestmark = pytest.mark.real


def shadow(rig, one, port, percent=100.0, pools=None):
    """r1 has all users, r2 gets copies."""
    table = rig.table({"r1": pools or [one.port], "r2": [port]}, {"r1": 100}, headers=["r1", "r2"])
    [route] = table.routes
    rig.edge.route(replace(table, routes=(replace(route, mirror="web-r2", mirror_percent=percent),)))


def codes(rig, release="r2"):
    """What the edge counted for it, by status."""
    counts = rig.edge.counters().copies.get(f"web-{release}")
    return dict(counts.codes) if counts else {}


def more(rig, before, release="r2"):
    """What came since."""
    now = codes(rig, release)
    return {code: count - before.get(code, 0) for code, count in now.items() if count != before.get(code, 0)}


def test_safe_requests_are_copied_and_nobody_sees_the_copies(shared, one, two):
    shadow(shared, one, two.port)
    answers = [shared.ask(f"/x?{n}", headers={"Cookie": "session=1", "X-More": "2"}) for n in range(5)]
    answers += [shared.ask("/head", method="HEAD")]
    assert [answer.who for answer in answers] == ["one"] * 5 + [""]
    eventually(lambda: len(two.requests) == 6)
    assert sorted((copy.method, copy.path) for copy in two.requests) == sorted(
        (request.method, request.path) for request in one.requests
    )
    assert {copy.headers.get("cookie") for copy in two.requests} == {"session=1", None}


def test_a_copy_is_marked_and_nothing_else_is(shared, one, two):
    shadow(shared, one, two.port)
    shared.ask(headers={SHADOW_HEADER: "1"})
    eventually(lambda: two.requests)
    shared.ask(headers=shared.edge.release_header("r2") | {SHADOW_HEADER: "1"})
    marks = [request.headers.get(SHADOW_HEADER.lower()) for request in one.requests + two.requests]
    assert marks == [None, "1", None], "no user can pass for a copy"


def test_what_is_not_safe_goes_its_usual_way_alone(shared, one, two):
    shadow(shared, one, two.port)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert shared.ask(method=method, body=b"pay").who == "one"
    with asking.upgraded(shared.port) as link:
        assert asking.echo(link, b"x") == b"one:x"
    assert shared.ask("/stream?0.1", headers={"Accept": "text/event-stream"}).status == 200
    shared.ask("/last")
    eventually(lambda: two.requests)
    assert [copy.path for copy in two.requests] == ["/last"]


def test_who_comes_by_header_or_cookie_is_not_copied(shared, one, two):
    shadow(shared, one, two.port)
    for headers in (
        shared.edge.release_header("r1"), shared.edge.release_header("r2"),
        {"Cookie": "=".join(shared.edge.release_cookie("r2"))},
    ):  # fmt: skip
        shared.ask("/asked", headers=headers)
    shared.ask("/last", headers={RELEASE_HEADER: "guessed"})
    eventually(lambda: [copy.path for copy in two.requests] == ["/asked", "/asked", "/last"])
    assert RELEASE_HEADER.lower() not in two.requests[-1].headers


# ---- what is counted


def test_copies_are_counted_with_their_status_and_time(shared, one, two):
    """In the pool's counters, which is the evidence; not in those of what users got."""
    shadow(shared, one, two.port)
    before, traffic, counts = codes(shared), shared.edge.traffic(), shared.edge.counters()
    for path in ("/", "/", "/status/404", "/status/500", "/slow?0.3"):
        shared.ask(path)
    shared.ask(method="POST", body=b"x")
    eventually(lambda: more(shared, before) == {200: 3, 404: 1, 500: 1})
    now = shared.edge.counters()
    grown = dict(zip(now.bounds, now.copies["web-r2"].buckets, strict=True))
    for bound, count in zip(
        counts.bounds, counts.copies["web-r2"].buckets if "web-r2" in counts.copies else (), strict=False
    ):
        grown[bound] -= count
    assert sum(count for bound, count in grown.items() if bound > 0.2) >= 1, "the slow one took its time"
    assert sum(grown.values()) == 5
    seen = shared.edge.traffic().since(traffic)
    assert (seen.total("r1"), seen.total("r2"), seen.errors("r1"), seen.edge_made) == (6, 0, 1, 0)


@pytest.mark.parametrize(
    ("percent", "requests", "copies"), [(100.0, 10, 10), (25.0, 40, 10), (2.5, 120, 3), (0.5, 400, 2)]
)
def test_percents(shared, one, two, percent, requests, copies):
    shadow(shared, one, two.port, percent)
    before = codes(shared)
    connection = asking.kept(shared.port)
    assert {asking.send(connection).who for _ in range(requests)} == {"one"}
    connection.close()
    eventually(lambda: abs(sum(more(shared, before).values()) - copies) <= 1)


def test_weights_are_as_they_were(shared, one, two, three):
    table = shared.table({"r1": [one.port], "r2": [two.port], "r3": [three.port]}, {"r1": 75, "r2": 25})
    [route] = table.routes
    shared.edge.route(replace(table, routes=(replace(route, mirror="web-r3", mirror_percent=50.0),)))
    [weights] = shared.edge.table_in_force().values()
    assert weights == {"web-r1": 75, "web-r2": 25}
    seen = [shared.ask(method=("GET", "POST")[n % 2]).who for n in range(40)]
    assert (seen.count("one"), seen.count("two")) == (30, 10), "one round for all methods"


# ---- what a copy could do to a user


def test_a_dead_shadow_costs_users_nothing(shared, one):
    shadow(shared, one, free_port())
    before, traffic = codes(shared), shared.edge.traffic()
    assert {(shared.ask().status, shared.ask().who) for _ in range(5)} == {(200, "one")}
    eventually(lambda: more(shared, before) == {502: 10})
    assert shared.edge.traffic().since(traffic).edge_made == 0, "no user lost anything"


def test_a_shadow_that_hangs_delays_nobody_and_is_asked_only_so_often(shared, one):
    """It takes connections and says nothing: no user waits for it, and at most so many copies do."""
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = deaf.getsockname()[1]
        shadow(shared, one, port)
        begun = time.monotonic()
        connection = asking.kept(shared.port)
        answers = [asking.send(connection) for _ in range(SHADOW_MOST + 60)]
        took = time.monotonic() - begun
        connection.close()
        assert {(answer.status, answer.who) for answer in answers} == {(200, "one")}
        assert took < 9, "had they waited for one copy, it were ten seconds"
        eventually(lambda: sockets.open_to(port) >= 1)
        assert sockets.open_to(port) <= SHADOW_MOST


@pytest.mark.long
def test_a_shadow_that_hangs_is_counted_as_failing(shared, one):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as deaf:
        shadow(shared, one, deaf.getsockname()[1])
        before = codes(shared)
        for _ in range(5):
            shared.ask()
        eventually(lambda: more(shared, before) == {504: 5}, 40)


def test_a_slow_shadow_delays_nobody(shared, one, two):
    """The copy is sent after the answer, also on the connection the user has kept."""
    shadow(shared, one, two.port)
    connection = asking.kept(shared.port)
    two.refuse()
    two.drop()
    with socket.create_server(("127.0.0.1", two.port), backlog=64):
        for _ in range(3):
            assert asking.send(connection).who == "one"
    connection.close()


def test_whoever_leaves_early_is_not_copied(shared, one, two):
    shadow(shared, one, two.port)
    with socket.create_connection(("127.0.0.1", shared.port)) as link:
        link.sendall(b"GET /slow?0.5 HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: one.requests)
    eventually(lambda: sockets.open_to(one.port) == 0)
    shared.ask("/last")
    eventually(lambda: two.requests)
    assert [copy.path for copy in two.requests] == ["/last"]


def test_what_a_shadow_answers_never_reaches_anybody(shared, one, two):
    """Broken off, huge, or with cookies: users on many connections get the main answers only."""
    shadow(shared, one, two.port, pools=[one.port])
    wrong = []

    def client(path):
        connection = asking.kept(shared.port)
        for _ in range(10):
            answer = asking.send(connection, path)
            if (answer.status, answer.headers.get("x-app")) != (200, "one"):
                wrong.append(answer)
        connection.close()

    threads = [threading.Thread(target=client, args=(path,)) for path in ("/", "/cookie", "/a", "/slow?0.01")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    eventually(lambda: len(two.requests) == 40)


# ---- requests with a body


def with_body(port, body, chunked=False):
    """A GET with a body: search engines have such APIs."""
    connection = asking.kept(port)
    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    connection.request("GET", "/search", iter([body]) if chunked else body, headers, encode_chunked=chunked)
    answer = connection.getresponse().read()
    connection.close()
    return answer.decode().strip()


def test_naive_a_copy_without_its_body_is_an_error_nobody_made(plain, one, two):
    mirroring = {"service": "a", "mirrors": [{"name": "b", "percent": 100}], "mirrorBody": False}
    services = {"a": servers(one.port), "b": servers(two.port), "m": {"mirroring": mirroring}}
    plain.write(everything_to("m", services))
    assert with_body(plain.http, b"query") == "one"
    line = 'traefik_service_requests_total{code="50'
    eventually(
        lambda: any(
            each.startswith(line) and 'service="b@file"' in each
            for each in plain.get("/metrics").body.decode().splitlines()
        )
    )
    assert two.bodies in ([], [b""])


def test_a_body_is_copied_whole_or_not_at_all(shared, one, two):
    shadow(shared, one, two.port)
    before = codes(shared)
    assert with_body(shared.port, b"query") == "one"
    eventually(lambda: two.bodies == [b"query"])
    assert with_body(shared.port, b"x" * (SHADOW_BODY + 1)) == "one"
    assert one.bodies[-1] == b"x" * (SHADOW_BODY + 1), "what is too large to be copied arrives whole where it should"
    shared.ask("/last")
    eventually(lambda: more(shared, before) == {200: 2})
    assert two.bodies == [b"query", b""]
