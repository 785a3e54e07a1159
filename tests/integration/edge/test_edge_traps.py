"""Traefik's traps: each run the naive way against a Traefik with a file written by hand, then Fairlead's way.

`naive` tests show that the trap is there in this version; when one fails after an upgrade of Traefik, the trap is
gone and docs/concepts/edge.md has to say so.
"""

import json
import threading
import time
from collections import Counter

import asking
import pytest
from backends import Backend
from plain_traefik import PlainTraefik, everything_to, servers, weighted
from running import eventually, free_port

from fairlead.render import traefik as rendered
from fairlead.render.edge import EdgeRoute, EdgeTable, Pool
from fairlead.system import sockets
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
KINDS = ("process", "docker")


def names(ask, count):
    """Who answered, in order."""
    return [ask().who for _ in range(count)]


# ---- truncate, then write


def truncated(plain, one):
    """Statuses seen while the file is emptied and, once that was noticed, written again."""
    config = everything_to("web", {"web": servers(one.port)})
    plain.write(config)
    path = plain.dynamic / "routes.yml"
    text, seen, stop = path.read_text(), Counter(), threading.Event()

    def client():
        while not stop.is_set():
            seen[plain.ask().status] += 1
            time.sleep(0.01)

    thread = threading.Thread(target=client)
    thread.start()
    try:
        with open(path, "w") as file:
            file.flush()
            wait_until(lambda: seen[404], 20)  # a busy machine takes its time to look
            file.write(text)
        eventually(lambda: plain.ask().status == 200)
    finally:
        stop.set()
        thread.join()
    return seen


def test_naive_truncate_then_write_makes_404s(plain, one):
    assert truncated(plain, one)[404] > 0


def test_naive_an_empty_file_is_an_empty_configuration(plain, one):
    """The routes go at once, and nothing in the log says so."""
    plain.write(everything_to("web", {"web": servers(one.port)}))
    (plain.dynamic / "routes.yml").write_text("")
    eventually(lambda: plain.ask().status == 404)
    assert '"level":"error"' not in plain.log().lower() and "ERR" not in plain.log()


def test_nobody_sees_a_404_after_the_first_route_and_an_emptied_file_is_healed_by_the_next(rig, one):
    """The first table is confirmed before `route` returns; a Traefik that was killed may show a 404 for a moment."""
    rig.route({"r1": [one.port]})
    assert [rig.ask().status for _ in range(20)] == [200] * 20
    (rig.files / "dynamic" / "routes.yml").write_text("")
    eventually(lambda: rig.ask().status == 404)
    rig.route({"r1": [one.port]})
    assert rig.ask().who == "one"


def test_writing_by_rename_never_shows_half_a_file(shared, one, two):
    """A hundred rewrites, each with other content, and never a request without a route."""
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools)
    seen, stop = Counter(), threading.Event()

    def client():
        connection = asking.kept(shared.port)
        while not stop.is_set():
            seen[asking.send(connection).status] += 1
            time.sleep(0.002)

    thread = threading.Thread(target=client)
    thread.start()
    for number in range(1, 31):
        shared.route(pools, {"r1": 100 - number, "r2": number})
    stop.set()
    thread.join()
    assert set(seen) == {200}


# ---- one invalid file blocks the folder


def test_naive_one_invalid_file_blocks_the_whole_folder(plain, one, two):
    plain.write(everything_to("web", {"web": servers(one.port)}))
    (plain.dynamic / "other.yml").write_text("http: {routers: [")
    plain.write(everything_to("web", {"web": servers(two.port)}), confirm=False)
    eventually(lambda: "Error occurred during watcher callback" in plain.log() or "ERR" in plain.log())
    assert plain.ask().who == "one", "the good file is not taken either"
    (plain.dynamic / "other.yml").unlink()
    eventually(lambda: plain.ask().who == "two")


def test_naive_a_start_with_an_invalid_file_serves_nothing(tmp_path, one):
    plain = PlainTraefik(tmp_path / "plain")
    (plain.dynamic / "good.yml").write_text(json.dumps({"http": everything_to("web", {"web": servers(one.port)})}))
    (plain.dynamic / "other.yml").write_text("http: {routers: [")
    with plain:
        eventually(lambda: "ERR" in plain.log() or "error" in plain.log())
        assert plain.ask().status == 404


# ---- files are templates


def test_naive_files_are_templates_that_read_the_environment(tmp_path, one):
    with PlainTraefik(tmp_path / "plain", env={"STRIPE_SECRET": "hunter2"}) as plain:  # pragma: allowlist secret
        header = {"headers": {"customResponseHeaders": {"X-Said": '{{ env "STRIPE_SECRET" }}'.replace('"', "`")}}}
        config = everything_to("web", {"web": servers(one.port)}, middlewares={"said": header})
        config["routers"]["all"]["middlewares"] = ["said"]
        plain.write(config)
        assert plain.ask().headers["x-said"] == "hunter2"


def test_no_value_of_ours_is_run_as_a_template():
    """What the file says after Go's template engine is what the table said; see also the paths in the routing tests."""

    path = "/{{ env `HOME` }}"
    text, _ = rendered.dynamic_file(EdgeTable((Pool("s", "r1", (1,)),), (EdgeRoute(path, None, (("s-r1", 1),)),)), "t")
    assert "{{" not in text.replace('{{"{{"}}', "")


# ---- UP after a reload


def test_naive_a_server_known_to_be_dead_is_up_again_after_a_reload(plain, one):
    """Health checks begin anew with each reload, whatever was known before."""
    dead = free_port()
    check = {"healthCheck": {"path": "/", "interval": "2s", "timeout": "1s"}}
    services = {"web": servers(one.port, dead, **check)}
    plain.write(everything_to("web", services))
    eventually(lambda: status_of(plain, dead) == "DOWN")
    assert {plain.ask().status for _ in range(8)} == {200}
    services["other"] = servers(one.port)  # a change that has nothing to do with it
    plain.write(everything_to("web", services))
    assert 502 in {plain.ask().status for _ in range(8)}


def status_of(plain, port):
    found = json.loads(plain.get("/api/http/services/web@file").body)
    return found.get("serverStatus", {}).get(f"http://127.0.0.1:{port}")


def test_a_reload_sends_nobody_to_a_server_that_is_not_listed(shared, one, two):
    """Fairlead lists what it has verified itself, and a refused connection is tried elsewhere."""
    dead = free_port()
    shared.route({"r1": [one.port, dead], "r2": [two.port]}, {"r1": 100})
    assert [shared.ask().status for _ in range(10)] == [200] * 10
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100})
    assert [shared.ask().status for _ in range(10)] == [200] * 10


# ---- idle connections


def raced(keep_alive, port, rounds):
    """Statuses of POSTs sent just as the server ends its idle connections. `keep_alive` as the server's."""
    seen = Counter()

    def client(number):
        connection = asking.kept(port)
        for turn in range(rounds):
            seen[asking.send(connection, "/", "POST", b"x").status] += 1
            time.sleep(keep_alive + (number - 10) * 0.0008 + turn * 0.0001)
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_naive_idle_connections_are_kept_longer_than_the_server_keeps_them(plain):
    """The condition of the race, without the race: Traefik's own end keeps the connection up to 90 seconds."""

    with Backend("patient", keep_alive=60) as patient:
        plain.write(everything_to("web", {"web": servers(patient.port)}))
        plain.ask()
        assert sockets.open_to(patient.port) == 1
        time.sleep(2.0)
        assert sockets.open_to(patient.port) == 1, "with Fairlead's setting it is gone by now: next test"


def test_idle_connections_end_before_any_server_ends_them(shared, one):

    shared.route({"r1": [one.port]})
    shared.ask()
    eventually(lambda: sockets.open_to(one.port) == 0)
    assert one.connections == 1


def test_naive_a_post_that_meets_the_end_of_its_connection_is_a_502(plain):
    """A GET is sent again by Go's own client, a POST is not."""
    with Backend("late", keep_alive=0.3, late=True) as late:
        plain.write(everything_to("web", {"web": servers(late.port)}))
        got = {}
        for method in ("GET", "POST"):
            assert plain.ask().status == 200
            time.sleep(0.5)
            got[method] = plain.ask(method=method, body=b"x" if method == "POST" else None).status
        assert got == {"GET": 200, "POST": 502}


def test_a_post_never_meets_the_end_of_its_connection(shared):
    """The edge has let go before a server that keeps 1.5 s would; gunicorn keeps 2 s, uvicorn 5 s."""
    with Backend("late", keep_alive=1.5, late=True) as late:
        shared.route({"r1": [late.port]})
        for _ in range(2):
            assert shared.ask(method="POST", body=b"x").status == 200
            time.sleep(1.7)
        assert shared.ask(method="POST", body=b"x").status == 200
        assert late.connections == 3


@pytest.mark.long
def test_naive_posts_race_with_the_end_of_idle_connections(plain, record_property):
    """Whether it shows is luck, so nothing is asserted of the losses; the count is kept with the test's result."""
    with Backend("short", keep_alive=0.5) as short:
        plain.write(everything_to("web", {"web": servers(short.port)}))
        seen = raced(0.5, plain.http, 6)
    record_property("lost_of_120_posts", seen[502])
    assert set(seen) <= {200, 502}


def test_posts_do_not_race_with_the_end_of_idle_connections(shared):
    with Backend("short", keep_alive=1.5) as short:
        shared.route({"r1": [short.port]})
        assert set(raced(1.5, shared.port, 3)) == {200}


# ---- weighted round robin


@pytest.mark.parametrize(
    ("heavy", "light", "first"),
    [(95, 5, 19), *(pytest.param(*one, marks=pytest.mark.long) for one in ((90, 10, 10), (75, 25, 4)))],
)
def test_naive_each_reload_starts_with_the_heavy_side(plain, one, two, heavy, light, first):
    """The first canary request after a reload is number `first` (one earlier where deadlines tie).

    Reload more often than that and the canary gets nothing at all.
    """
    services = {"a": servers(one.port), "b": servers(two.port), "w": weighted(("a", heavy), ("b", light))}
    for _ in range(2):
        plain.renew(everything_to("w", services))
        got = names(plain.ask, first + 1)
        assert got.index("two") + 1 in (first - 1, first), got
    for _ in range(4):
        plain.renew(everything_to("w", services))
        assert "two" not in names(plain.ask, first - 2)


def test_routing_the_same_again_does_not_start_the_round_anew(shared, one, two):
    pools = {"r1": [one.port], "r2": [two.port]}
    shared.route(pools, {"r1": 90, "r2": 10})
    seen = []
    for _ in range(20):
        shared.route(pools, {"r1": 90, "r2": 10})
        seen += names(shared.ask, 1)
    assert seen.count("two") == 2


# ---- weight 0 and sticky sessions


def test_naive_weight_zero_takes_the_sessions_away(plain, one, two):
    """Good to abort with, bad to drain with: the cookie of a user names a service that is not in the table any more."""
    services = {"a": servers(one.port), "b": servers(two.port)}
    sticky = {"sticky": {"cookie": {"name": "s"}}}
    services["w"] = weighted(("a", 1), ("b", 1), **sticky)
    plain.write(everything_to("w", services))
    first = next(answer for answer in iter(plain.ask, None) if answer.who == "two")
    cookie = {"Cookie": first.headers["set-cookie"].split(";")[0]}
    assert {plain.ask(headers=cookie).who for _ in range(6)} == {"two"}
    services["w"] = weighted(("a", 1), ("b", 0), **sticky)
    plain.write(everything_to("w", services))
    assert {plain.ask(headers=cookie).who for _ in range(6)} == {"one"}


def test_no_cookie_is_set_and_a_release_without_weight_gets_nobody(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100, "r2": 0})
    answers = [shared.ask() for _ in range(10)]
    assert {answer.who for answer in answers} == {"one"}
    assert not any("set-cookie" in answer.headers for answer in answers)


# ---- changes faster than the throttle


@pytest.mark.long
def test_naive_a_change_right_after_another_waits_for_the_throttle(tmp_path, one, two):
    """An abort right after a step: with the default of 2 s users stay on the bad release meanwhile."""
    with PlainTraefik(tmp_path / "plain", throttle=None) as plain:
        to = {name: everything_to("web", {"web": servers(b.port)}) for name, b in (("one", one), ("two", two))}
        plain.write(to["one"])
        time.sleep(2.5)  # the throttle is idle again
        plain.write(to["two"])
        plain.write(to["one"], confirm=False)
        time.sleep(0.5)
        assert plain.ask().who == "two", "half a second later the abort is not in force"
        eventually(lambda: plain.ask().who == "one")


def test_an_abort_right_after_a_step_is_in_force_when_route_returns(shared, one, two):
    pools = {"r1": [one.port], "r2": [two.port]}
    for _ in range(5):
        shared.route(pools, {"r2": 100})
        shared.route(pools, {"r1": 100})
        assert shared.ask().who == "one"


# ---- passive health checks


def test_naive_one_error_of_the_application_ejects_its_server(plain, one, two):
    check = {"passiveHealthCheck": {"failureWindow": "30s", "maxFailedAttempts": 1}}
    plain.write(everything_to("web", {"web": servers(one.port, two.port, **check)}))
    bad = plain.ask("/status/500").headers["x-app"]
    got = Counter(names(plain.ask, 10))
    assert got[bad] == 0, got


def test_naive_the_last_server_is_ejected_too(plain, one):
    check = {"passiveHealthCheck": {"failureWindow": "30s", "maxFailedAttempts": 1}}
    plain.write(everything_to("web", {"web": servers(one.port, **check)}))
    assert plain.ask("/status/500").status == 500
    assert plain.ask("/").status == 503


def test_an_error_of_the_application_ejects_nobody(shared, one):
    shared.route({"r1": [one.port]})
    for _ in range(5):
        assert shared.ask("/status/500").status == 500
        assert shared.ask("/").status == 200


# ---- mirrors


def mirrored(plain, one, two, **more):
    mirror = {"mirroring": {"service": "a", "mirrors": [{"name": "b", **more}]}}
    plain.write(everything_to("m", {"a": servers(one.port), "b": servers(two.port), "m": mirror}))


def test_naive_a_mirror_without_a_percentage_gets_nothing(plain, one, two):
    mirrored(plain, one, two)
    names(plain.ask, 20)
    assert len(one.requests) == 20
    assert two.requests == []


def test_naive_a_mirror_doubles_writes(plain, one, two):
    mirrored(plain, one, two, percent=100)
    assert plain.ask(method="POST", body=b"pay").who == "one"
    eventually(lambda: two.bodies == [b"pay"])


# ---- counters


def counter(plain, service):
    lines = plain.get("/metrics").body.decode().splitlines()
    found = [
        line for line in lines if line.startswith("traefik_service_requests_total") and f'"{service}@file"' in line
    ]
    return sum(int(float(line.split()[-1])) for line in found)


def test_naive_counters_of_a_service_that_left_vanish(plain, one, two):
    services = {"stays": servers(one.port), "leaves": servers(two.port), "w": weighted(("stays", 1), ("leaves", 1))}
    plain.renew(everything_to("w", services))
    names(plain.ask, 10)
    assert counter(plain, "leaves") == 5
    plain.write(everything_to("stays", {"stays": servers(one.port)}))
    eventually(lambda: counter(plain, "leaves") == 0)
    assert counter(plain, "stays") == 5


def test_naive_each_attempt_of_a_retry_is_counted(plain):
    config = everything_to("tried", {"tried": servers(free_port())}, middlewares={"r": {"retry": {"attempts": 4}}})
    config["routers"]["all"]["middlewares"] = ["r"]
    plain.renew(config)
    assert plain.ask().status == 502
    assert counter(plain, "tried") == 4


def test_a_request_is_counted_once(shared):
    shared.route({"r1": [free_port()]})
    first = shared.edge.traffic()
    assert shared.ask().status == 502
    seen = eventually(lambda: shared.edge.traffic().since(first).errors("r1"))
    assert seen == 1


def test_a_warm_release_keeps_its_counters(shared, one, two):
    """It stays in the table by its header route, so that its numbers can be read until it is gone for good."""
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    first = shared.edge.traffic()
    names(shared.ask, 5)
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r2": 100}, headers=["r1", "r2"])
    names(shared.ask, 2)
    for _ in range(3):
        seen = shared.edge.traffic().since(first)
    assert (seen.total("r1"), seen.total("r2")) == (5, 2)


# ---- what is open when its service leaves the file


def test_naive_open_requests_survive_the_removal_of_their_service(plain, one, two):
    plain.write(everything_to("a", {"a": servers(one.port)}))
    slow = asking.kept(plain.http)
    slow.request("GET", "/slow?1")
    eventually(lambda: one.requests)
    plain.write(everything_to("b", {"b": servers(two.port)}))
    assert plain.ask().who == "two"
    assert slow.getresponse().read() == b"one\n"


# ---- listening before there are routes


def first_answers(ask, seconds=15):
    """Statuses from the first request on until the first 200."""
    seen, until = Counter(), time.monotonic() + seconds
    while time.monotonic() < until:
        status = ask().status
        seen[status] += 1
        if status == 200:
            return seen
    raise AssertionError(f"no 200: {seen}")


@pytest.mark.long
def test_naive_traefik_listens_before_it_has_its_routes(tmp_path, one, record_property):
    """The 404s depend on who is faster, so their number is kept with the result and only the end is asserted."""
    plain = PlainTraefik(tmp_path / "plain")
    (plain.dynamic / "routes.yml").write_text(json.dumps({"http": everything_to("web", {"web": servers(one.port)})}))
    found = Counter()
    for _ in range(3):
        plain.start()
        found += first_answers(plain.ask)
        plain.__exit__()
    record_property("statuses_of_3_starts", dict(found))
    assert found[200] == 3


# ---- the prefix rule


def test_naive_a_path_prefix_matches_in_the_middle_of_a_word(plain, one, two):
    config = everything_to("a", {"a": servers(one.port), "b": servers(two.port)})
    config["routers"]["api"] = {"rule": "PathPrefix(`/api`)", "service": "b", "entryPoints": ["web"]}
    plain.write(config)
    assert plain.ask("/apix").who == "two"


# ---- the retry middleware


def test_naive_without_retry_a_refused_connection_is_a_502(plain, one):
    plain.write(everything_to("web", {"web": servers(one.port, free_port())}))
    assert Counter(plain.ask().status for _ in range(10)) == {200: 5, 502: 5}
