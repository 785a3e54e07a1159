"""The traffic against servers that do right (nothing may be lost) and wrong (everything lost must be counted)."""

import itertools
import signal
import threading
import time

import pytest
from app_servers import PYTHON
from bad_server import BadServer

from fairlead.demo.clients import behaviours, client_random
from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.sandbox import free_port
from fairlead.demo.traffic import Traffic
from fairlead.errors import UsageError

NONE = Mix(get=0, post=0, fresh=0, idle=0, slow=0, stream=0, websocket=0)
SHORT = Paths(slow="/slow?seconds=0.3", stream="/stream?seconds=1")
QUICKLY = Options(rate=100, slow_seconds=0.3, stream_seconds=1, idle_gap=(0.1, 0.4), websocket_gap=0.1, paths=SHORT)


def until(happened, seconds=120):
    """Poll until it is true."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def only(**mix):
    return Mix(**{**{kind: 0 for kind in NONE.__dataclass_fields__}, **mix})


def options(**changed):
    fields = {name: getattr(QUICKLY, name) for name in QUICKLY.__dataclass_fields__}
    return Options(**{**fields, **changed})


def send(url, count, mix, chosen=QUICKLY):
    """Traffic until `count` requests have come to an end, one way or the other."""
    with Traffic(url, mix, chosen) as traffic:
        until(lambda: (so_far := traffic.snapshot()).answered + so_far.lost >= count)
        return traffic.stop()


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn-sync", "gunicorn-gthread", "node", "lean"])
def test_nothing_is_lost_on_a_server_that_does_right(start, name):
    """Every kind of client gets answers, all of them whole, all of the version that runs."""
    sockets = 2 if name in ("uvicorn", "lean") else 0
    server = start(name, VERSION="7").wait_ready()
    with Traffic(server.url, Mix(stream=2, websocket=sockets), QUICKLY) as traffic:
        wanted = {"get", "post", "fresh", "idle", "slow", "stream"} | ({"websocket"} if sockets else set())
        until(lambda: wanted == {kind for kind, totals in traffic.snapshot().kinds.items() if totals.answered >= 2})
        report = traffic.stop()

    assert (report.lost, report.unfinished, report.app_errors, report.losses) == (0, 0, 0, [])
    assert report.sent == report.answered == sum(totals.answered for totals in report.kinds.values())
    assert set(report.versions) == {"7"}
    assert set(report.statuses) == ({200, 101} if sockets else {200})
    assert report.statuses.get(101, 0) == report.websocket.opened == sockets
    assert report.websocket.cut == 0
    assert (report.websocket.messages > 0) == bool(sockets)
    assert 0.3 <= report.kinds["slow"].longest
    assert 0 < report.longest_latency
    assert report.per_second == pytest.approx(report.answered / report.seconds)


WRONGS = {
    "cut": "cut",
    "half": "cut",
    "edge-502": "edge",
    "edge-503": "edge",
    "edge-504": "edge",
    "edge-500": "edge",
    "edge-404": "edge",
    "garbage": "wrong",
}


@pytest.mark.parametrize(("wrong", "why"), WRONGS.items())
def test_each_loss_is_counted_exactly(wrong, why):
    """Every seventh request goes wrong: that many are lost, for that reason, and no other."""
    with BadServer(lambda number: wrong if number % 7 == 3 else "ok") as server:
        report = send(server.url, 60, only(get=2, post=2, fresh=1, idle=1))

    assert server.done[wrong] > 0
    assert report.lost == server.done[wrong]
    assert report.answered == server.done["ok"]
    assert report.sent == report.answered + report.lost
    assert {loss.why for loss in report.losses} == {why}
    assert len(report.losses) == report.lost == sum(totals.lost for totals in report.kinds.values())
    assert report.app_errors == 0


def test_an_echo_that_differs_is_lost():
    with BadServer(lambda number: "other" if number % 3 == 0 else "ok") as server:
        report = send(server.url, 20, only(post=2))
    assert report.lost == server.done["other"] > 0
    assert {(loss.why, loss.method) for loss in report.losses} == {("wrong", "POST")}


@pytest.mark.parametrize("wrong", ["short", "half", "cut"])
def test_a_stream_without_its_end_is_lost(wrong):
    """Also one that ends as HTTP wants it, with its last chunk, but before its last line."""
    with BadServer(lambda number: wrong if number % 2 else "ok") as server:
        report = send(server.url, 6, only(stream=2))
    assert report.kinds["stream"].lost == report.lost == server.done[wrong] > 0
    assert report.answered == server.done["ok"] > 0
    assert {loss.why for loss in report.losses} == {"cut"}


def test_no_answer_in_time_is_lost():
    with BadServer(lambda number: "hang" if number == 4 else "ok") as server:
        report = send(server.url, 12, only(get=2), options(timeout=3.0))
    assert [loss.why for loss in report.losses] == ["timeout"]
    assert report.lost == server.done["hang"] == 1


def test_a_refused_connection_is_lost_and_not_tried_in_a_tight_loop():
    report = send(f"http://127.0.0.1:{free_port()}", 10, only(get=1, websocket=1, slow=1), options(rate=1000))
    assert report.answered == 0
    assert report.lost == report.sent >= 10
    assert {loss.why for loss in report.losses} == {"refused"}
    # 0.1 s at least after each loss, half of it for WebSockets
    assert report.sent <= 3 + report.seconds * (10 + 20 + 10)
    assert report.longest_gap == pytest.approx(report.seconds)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_errors_of_the_application_are_no_losses(status):
    with BadServer(lambda number: f"app-{status}" if number % 4 == 1 else "ok") as server:
        report = send(server.url, 40, only(get=2, post=1))
    assert report.lost == 0
    assert report.app_errors == server.done[f"app-{status}"] == report.statuses[status] > 0
    assert report.versions["bad"].app_errors == report.app_errors
    assert report.versions["bad"].answers == report.answered
    assert sum(totals.app_errors for totals in report.kinds.values()) == report.app_errors


def test_a_404_of_the_application_is_an_answer():
    with BadServer(lambda number: "app-404") as server:
        report = send(server.url, 5, only(get=1))
    assert (report.lost, report.app_errors) == (0, 0)
    assert report.statuses == {404: server.done["app-404"]}


def test_without_a_header_of_the_application_only_gateway_errors_are_the_edges():
    """An application that nobody here wrote may have no header to tell it by."""
    wrongs = ["edge-502", "edge-404", "edge-500", "ok"]
    with BadServer(lambda number: wrongs[number % 4]) as server:
        report = send(server.url, 20, only(get=1), options(app_header=None))
    assert report.lost == server.done["edge-502"] > 0
    assert report.app_errors == server.done["edge-500"] > 0
    assert report.statuses[404] == server.done["edge-404"]


def test_a_connection_closed_while_idle_is_no_loss():
    """The client sees the end before it asks, and opens another connection."""
    with BadServer(lambda number: "close-idle" if number % 2 else "ok") as server:
        report = send(server.url, 20, only(idle=4), options(idle_gap=(0.2, 0.3)))
    assert report.lost == 0
    closed = server.done["close-idle"]
    assert closed - 4 <= report.closed_idle <= closed  # the last one of each client may go unnoticed
    assert report.closed_idle > 0
    assert server.connections == 4 + report.closed_idle


def test_connection_close_is_obeyed():
    """After an answer with `Connection: close` the client opens a new one, and nothing counts as closed idle."""
    with BadServer(lambda number: "close-after" if number % 2 else "ok") as server:
        report = send(server.url, 30, only(get=1))
    assert (report.lost, report.closed_idle) == (0, 0)
    assert server.connections in (server.done["close-after"], server.done["close-after"] + 1)


def test_kept_alive_connections_are_kept_and_fresh_ones_are_not():
    with BadServer(lambda number: "ok") as server:
        send(server.url, 30, only(get=1, post=1))
        assert server.connections == 2
        report = send(server.url, 20, only(fresh=2))
        assert server.connections == 2 + report.answered


@pytest.mark.parametrize("kind", ["get", "post"])
def test_a_kept_alive_connection_closed_under_a_request_is_a_loss(kind):
    """The race of keep-alive: the server closes just as the request comes. No retry hides it."""
    with BadServer(lambda number: "cut" if number % 5 == 4 else "ok") as server:
        report = send(server.url, 25, only(**{kind: 1}))
    assert report.lost == server.done["cut"] > 0
    assert all("a kept-alive connection" in loss.detail for loss in report.losses)


def test_the_longest_time_without_a_success_is_measured():
    """Against the time that the server itself measured between two good answers."""
    good = []
    silence = threading.Event()

    def plan(_):
        if not silence.is_set():
            good.append(time.monotonic())
            return "ok"
        return "app-503"

    with BadServer(plan) as server, Traffic(server.url, only(get=2), QUICKLY) as traffic:
        until(lambda: traffic.snapshot().answered > 20)
        silence.set()
        before = good[-1]
        until(lambda: traffic.snapshot().app_errors > 40)
        silence.clear()
        until(lambda: good[-1] > before)
        report = traffic.stop()
    gaps = [later - earlier for earlier, later in itertools.pairwise(good)]
    later = 0.1 + report.longest_latency  # than the server a client has an answer
    assert report.longest_gap == pytest.approx(max(gaps), abs=later)
    assert max(gaps) > 0.3


@pytest.mark.parametrize(
    ("name", "number", "codes", "cut"),
    [
        ("uvicorn", signal.SIGTERM, {1012: 5}, 0),
        ("lean", signal.SIGTERM, {1012: 5}, 0),
        ("uvicorn", signal.SIGKILL, {}, 5),
    ],
    ids=["close", "close without a server", "cut"],
)
def test_websockets_closed_in_order_are_told_from_those_cut(start, name, number, codes, cut):
    """uvicorn says good-bye with 1012 when it gets SIGTERM; nobody does after SIGKILL."""
    server = start(name).wait_ready()
    with Traffic(server.url, only(websocket=5), QUICKLY) as traffic:
        until(lambda: traffic.snapshot().websocket.messages >= 20)
        assert traffic.snapshot().lost == 0
        server.signal(number)
        until(lambda: sum((seen := traffic.snapshot().websocket).closed.values()) + seen.cut == 5)
        report = traffic.stop()
    assert (report.websocket.closed, report.websocket.cut) == (codes, cut)
    assert len(report.websocket.cuts) == cut
    assert report.websocket.opened == 5
    assert report.kinds["websocket"].sent == 5 + report.lost  # they tried again, and were refused


def test_websockets_connect_again_after_an_orderly_close(start):
    server = start("uvicorn", VERSION="1").wait_ready()
    port = server.url.rpartition(":")[2]
    with Traffic(server.url, only(websocket=3), QUICKLY) as traffic:
        until(lambda: traffic.snapshot().websocket.opened == 3)
        server.signal(signal.SIGTERM)
        server.process.wait()
        start("uvicorn", command=[*PYTHON, "uvicorn", "asgi:app", "--port", port], VERSION="2")
        until(lambda: traffic.snapshot().websocket.opened == 6)
        report = traffic.stop()
    assert report.websocket.closed == {1012: 3}
    assert report.websocket.cut == 0
    assert {version: totals.answers for version, totals in report.versions.items()} == {"1": 3, "2": 3}
    assert report.versions["1"].last < report.versions["2"].first


@pytest.mark.parametrize(("wrong", "why"), [("edge-503", "edge"), ("cut", "cut"), ("garbage", "wrong")])
def test_a_handshake_without_an_answer_is_lost(wrong, why):
    with BadServer(lambda number: wrong) as server:
        report = send(server.url, 4, only(websocket=2))
    assert report.lost == report.kinds["websocket"].lost == server.done[wrong] >= 4
    assert {(loss.kind, loss.why) for loss in report.losses} == {("websocket", why)}
    assert report.websocket.opened == 0


def test_a_handshake_that_the_application_refuses_is_an_answer():
    with BadServer(lambda number: "app-403") as server:
        report = send(server.url, 4, only(websocket=2))
    assert report.lost == 0
    assert report.statuses == {403: server.done["app-403"]}
    assert report.websocket.opened == 0


def test_stop_waits_for_what_is_open(start):
    server = start("uvicorn").wait_ready()
    slow = options(paths=Paths(slow="/slow?seconds=1.5"), slow_seconds=1.5)
    with Traffic(server.url, only(slow=3), slow) as traffic:
        until(lambda: traffic.snapshot().sent == 3)
        report = traffic.stop()
        assert (report.sent, report.answered, report.lost, report.unfinished) == (3, 3, 0, 0)
        assert traffic.stop() == report  # may be called again
    assert report.longest_gap == report.seconds  # the answers that came after the stop do not shorten it


def test_what_the_caller_gives_up_is_neither_answered_nor_lost(start):
    server = start("uvicorn").wait_ready()
    slow = options(paths=Paths(slow="/slow?seconds=30"), slow_seconds=30)
    with Traffic(server.url, only(slow=3), slow) as traffic:
        until(lambda: traffic.snapshot().sent == 3)
        report = traffic.stop(wait=0.2)
    assert (report.sent, report.answered, report.lost, report.unfinished) == (3, 0, 0, 3)
    assert report.kinds["slow"].unfinished == 3


def test_idle_clients_take_turns_between_get_and_post():
    """Unless there is no path for POST."""
    with BadServer(lambda number: "edge-502") as server:
        both = send(server.url, 10, only(idle=2))
        gets = send(server.url, 10, only(idle=2), options(paths=Paths(post="")))
    methods = [loss.method for loss in both.losses]
    assert abs(methods.count("GET") - methods.count("POST")) <= 2
    assert {(loss.method, loss.path) for loss in gets.losses} == {("GET", "/")}


def test_a_seed_gives_the_same_requests_again():
    """The same requests and gaps for a seed, others for another, and others for each client."""

    def sample(seed, number):
        chosen = behaviours(Mix(), Options(seed=seed))
        rng = client_random(seed, "post", number)
        return [(chosen["post"].request(rng, 0), chosen["post"].gap(rng)) for _ in range(5)]

    assert sample(1, 0) == sample(1, 0)
    assert sample(1, 0) != sample(2, 0)
    assert sample(1, 0) != sample(1, 1)


def test_the_rate_is_bounded(start):
    server = start("uvicorn").wait_ready()
    with Traffic(server.url, only(get=3, post=2), options(rate=40)) as traffic:
        until(lambda: traffic.snapshot().seconds > 2)
        report = traffic.stop()
    assert report.answered <= 40 * report.seconds * 1.2 + 5


def test_an_error_in_the_block_is_what_the_caller_sees():
    with BadServer(lambda number: "ok") as server, pytest.raises(ZeroDivisionError):
        with Traffic(server.url, only(get=1), QUICKLY):
            1 / 0  # noqa: B018


def test_a_defect_of_a_client_is_not_taken_for_a_quiet_day():
    """A client that fails by itself voids the run: a report without losses would be a lie."""
    with BadServer(lambda number: "ok") as server:
        traffic = Traffic(server.url, only(get=2), options(idle_gap=("a", "b"), rate="many")).start()
        with pytest.raises(TypeError):
            traffic.stop()
        traffic = Traffic(server.url, only(get=2, idle=1), options(idle_gap=("a", "b"))).start()
        traffic._thread.join(120)  # ends by itself, without a stop
        with pytest.raises(TypeError):
            traffic.snapshot()
        with pytest.raises(TypeError):
            traffic.stop()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://127.0.0.1/path", "http://"])
def test_an_address_it_cannot_use_is_an_error(url):
    with pytest.raises(UsageError, match="expected http://name:port"):
        Traffic(url)


def test_list_of_losses_is_bounded_and_the_count_is_not(monkeypatch):
    monkeypatch.setattr("fairlead.demo.report.KEPT_LOSSES", 3)
    with BadServer(lambda number: "edge-502") as server:
        report = send(server.url, 10, only(get=3))
    assert len(report.losses) == 3
    assert report.lost == server.done["edge-502"] >= 10
