"""Who gets which request: weights in force when `route` returns, hosts, prefixes, the secret header."""

import math
import threading
from collections import Counter

import asking
import pytest

from fairlead.render.edge import RELEASE_HEADER, EdgeRoute, EdgeTable, HeaderRoute, Pool

pytestmark = pytest.mark.real


def test_route_returns_when_the_weights_are_in_force(shared, one, two):
    """Many switches in a row: the very next request never sees the old weights, on a new or a kept connection."""
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools, {"r1": 100})
    kept = asking.kept(shared.port)
    for number in range(40):
        release, name = (("r2", "two"), ("r1", "one"))[number % 2]
        shared.route(pools, {release: 100})
        assert asking.send(kept).who == name
        assert [shared.ask().who for _ in range(3)] == [name] * 3
    kept.close()


def test_what_is_in_force_is_read_from_the_edge(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 75, "r2": 25})
    [weights] = shared.edge.table_in_force().values()
    assert weights == {"web-r1": 75, "web-r2": 25}


def test_a_rule_that_somebody_edited_is_found(shared, one, two):
    """Who is well may differ: that is no edit."""
    table = shared.table({"r1": [one.port]}, path="/shop")
    shared.edge.route(table)
    assert shared.edge.unlike(shared.table({"r1": [one.port, two.port]}, path="/shop")) == ()
    text = shared.edge._routes.read_text()
    shared.edge._routes.write_text(text.replace("/shop", "/elsewhere"))
    assert shared.edge.unlike(table)
    shared.edge.route(table)
    assert shared.edge.unlike(table) == () and shared.ask("/shop").who == "one"
    text = shared.edge._routes.read_text()
    shared.edge._routes.write_text(text.replace('"weight": 100', '"weight": 50'))
    shared.edge.route(table)  # whether or not that was in force by then
    assert list(shared.edge.table_in_force().values()) == [{"web-r1": 100}]
    shared.edge._routes.write_text("by hand")
    assert shared.edge.unlike(table) == ("routes.yml",)
    shared.edge.route(table)
    assert shared.ask("/shop").who == "one"


def test_what_it_is_made_of_is_looked_at_and_mended(shared, one):
    table = shared.table({"r1": [one.port]})
    shared.edge.route(table)
    assert shared.edge.differences() == ()
    static, own, stray = (shared.files / name for name in ("traefik.yml", "dynamic/own.yml", "dynamic/stray.yml"))
    static.write_text(static.read_text().replace('"127.0.0.1:', '"0.0.0.0:'))
    stray.write_text("{}\n")
    assert [(part, one.what) for part, one in shared.edge.differences()] == [
        ("traefik", "somebody else's file"), ("traefik", "configuration"),
    ]  # fmt: skip
    stray.unlink()
    pid = shared.process().pid
    shared.edge.mend()
    assert shared.process().pid != pid and shared.edge.differences() == ()
    own.write_text("{}\n")
    assert shared.edge.unlike(table) == ("own.yml",)
    shared.edge.route(table)
    assert shared.edge.unlike(table) == () and shared.ask().who == "one"
    shared.edge.down()
    assert [(part, one.what) for part, one in shared.edge.differences()] == [("traefik", "missing")]
    shared.edge.mend()
    shared.edge.route(table)
    assert shared.edge.differences() == () and shared.ask().who == "one"


def test_the_same_table_again_is_no_reload(shared, one):
    """A reload would start the weighted round robin anew, the heavy side first."""
    shared.route({"r1": [one.port]})
    before = shared.edge.traffic().reloads
    for _ in range(5):
        shared.route({"r1": [one.port]})
    assert shared.edge.traffic().reloads == before


@pytest.mark.parametrize("share", [5, 10, 25, 50])
def test_weights_are_realised(shared, one, two, share):
    """Within five standard deviations of a fair draw: weighted round robin is far more even than that."""
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools, {"r1": 100 - share, "r2": share})
    total = 400
    connection = asking.kept(shared.port)
    seen = Counter(asking.send(connection).who for _ in range(total))
    connection.close()
    chance = share / 100
    assert abs(seen["two"] - total * chance) <= 5 * math.sqrt(total * chance * (1 - chance))
    assert seen["one"] + seen["two"] == total


def test_replicas_share_the_requests_of_their_release(shared, one, two, three):
    shared.route({"r1": [one.port, two.port, three.port]})
    seen = Counter(shared.ask().who for _ in range(60))
    assert set(seen) == {"one", "two", "three"}
    assert min(seen.values()) >= 10


def test_the_secret_header_reaches_the_candidate_before_any_user(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    header = shared.edge.release_header("r2")
    assert [shared.ask(headers=header).who for _ in range(10)] == ["two"] * 10
    assert [shared.ask().who for _ in range(10)] == ["one"] * 10
    assert shared.ask(headers=shared.edge.release_header("r1")).who == "one"


def test_the_secret_header_is_never_shown_to_the_application(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    shared.ask(headers=shared.edge.release_header("r2"))
    shared.ask(headers={RELEASE_HEADER: "guessed"})
    token = shared.edge.token()
    for request in one.requests + two.requests:
        assert RELEASE_HEADER.lower() not in request.headers
        assert token not in repr(request.headers)
    assert len(one.requests) == len(two.requests) == 1


@pytest.mark.parametrize("value", ["r2", "-r2", "0" * 32 + "-r2", "", "r2, r2"])
def test_the_header_without_the_token_reaches_nobody_special(shared, one, two, value):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    assert shared.ask(headers={RELEASE_HEADER: value}).who == "one"


def test_the_token_is_for_its_owner_alone_and_stays(shared, one):
    shared.route({"r1": [one.port]})
    assert shared.edge.token() == shared.edge.token()
    for name in ("token", "traefik.yml", "dynamic/routes.yml", "spec.json", "edge.json"):
        assert (shared.place.edge / name).stat().st_mode & 0o077 == 0, name


def table_of(shared, *routes, headers=()):
    """(path, host, port) → each its own pool."""
    pools = tuple(Pool(f"s{n}", "r1", (port,)) for n, (_, _, port) in enumerate(routes))
    made = tuple(EdgeRoute(path, host, ((f"s{n}-r1", 100),)) for n, (path, host, _) in enumerate(routes))
    return EdgeTable(pools, made, headers, shared.listen)


def test_a_prefix_ends_at_a_slash(shared, one, two):
    shared.edge.route(table_of(shared, ("/", None, one.port), ("/api", None, two.port)))
    expected = {
        "/api": "two", "/api/": "two", "/api/x": "two", "/api?x=1": "two",
        "/apix": "one", "/api-x": "one", "/ap": "one", "/": "one", "/x/api": "one",
    }  # fmt: skip
    assert {path: shared.ask(path).who for path in expected} == expected


def test_a_prefix_with_a_slash_at_its_end_is_the_same(shared, one, two):
    shared.edge.route(table_of(shared, ("/", None, one.port), ("/api/", None, two.port)))
    assert [shared.ask(path).who for path in ("/api", "/api/x", "/apix")] == ["two", "two", "one"]


def test_longer_prefixes_come_first_and_hosts_before_none(shared, one, two, three):
    routes = ("/", None, one.port), ("/a/b", None, two.port), ("/", "shop.example.com", three.port)
    shared.edge.route(table_of(shared, *routes))
    host = {"Host": "shop.example.com"}
    assert shared.ask("/a").who == "one"
    assert shared.ask("/a/b/c").who == "two"
    assert shared.ask("/a/b/c", headers=host).who == "three", "a rule with a host comes before any without"
    assert shared.ask("/", headers={"Host": "SHOP.example.com:80"}).who == "three"
    assert shared.ask("/", headers={"Host": "other.example.com"}).who == "one"


def test_no_route_is_a_404_of_the_edge(shared, one):
    shared.edge.route(table_of(shared, ("/only", None, one.port)))
    assert shared.ask("/only").status == 200
    assert shared.ask("/other").status == 404
    assert len(one.requests) == 1


def test_header_routes_keep_to_their_paths_and_hosts(shared, one, two):
    header = HeaderRoute("/api", None, "r1", "s1-r1")
    shared.edge.route(table_of(shared, ("/", None, one.port), ("/api", None, two.port), headers=(header,)))
    secret = shared.edge.release_header("r1")
    assert [shared.ask(path, headers=secret).who for path in ("/api/x", "/apix")] == ["two", "one"]


@pytest.mark.parametrize("path", ["/{{x}}", "/{{ env `HOME` }}", "/{{/* x */}}", "/a{{b", "/{{{{c}}}}", "/%7B%7B"])
def test_braces_in_a_path_are_no_template(shared, one, two, path):
    """Traefik runs its files through Go's template engine; a path must come out as it went in."""
    if "`" in path:
        path = path.replace("`", "'")
    shared.edge.route(table_of(shared, ("/", None, one.port), (path, None, two.port)))
    raw = shared.edge.api.raw()
    assert any(path in router["rule"] for router in raw["routers"].values())
    assert shared.ask("/").who == "one"


def test_a_literal_path_with_braces_is_reached(shared, one, two):
    shared.edge.route(table_of(shared, ("/", None, one.port), ("/{{x}}", None, two.port)))
    assert shared.ask("/%7B%7Bx%7D%7D/y").who == "two"
    assert shared.ask("/x").who == "one"


def test_switches_under_load_lose_nothing(shared, one, two):
    """GET and POST on kept connections while the weights change 25 times."""
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools)
    stop, lost, count = threading.Event(), [], Counter()

    def client(number):
        connection = asking.kept(shared.port)
        while not stop.is_set():
            method = ("GET", "POST")[number % 2]
            answer = asking.send(connection, "/", method, b"x" * 500 if method == "POST" else None)
            count[answer.who] += 1
            if answer.status != 200:
                lost.append(answer)
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for number in range(25):
        shared.route(pools, {"r1": 100 - 4 * number, "r2": 4 * number} if number else {"r2": 100})
    stop.set()
    for thread in threads:
        thread.join()
    assert lost == []
    assert count["one"] and count["two"]
