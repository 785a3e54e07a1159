"""What is open at a switch goes on where it is; what cannot be delivered is tried elsewhere, but never sent twice."""

import contextlib
import socket

import asking
import pytest
from plain_traefik import everything_to, servers
from running import eventually

from fairlead.system import sockets

pytestmark = pytest.mark.real


def both(one, two):
    return {"r1": [one.port], "r2": [two.port]}


def switch(rig, one, two, times=6):
    for number in range(times):
        rig.route(both(one, two), {("r2", "r1")[number % 2]: 100})
    rig.route(both(one, two), {"r2": 100})


def test_a_websocket_survives_switches(shared, one, two):
    shared.route(both(one, two), {"r1": 100})
    link = asking.upgraded(shared.port)
    assert asking.echo(link, b"before") == b"one:before"
    switch(shared, one, two)
    assert asking.echo(link, b"after") == b"one:after", "it stays where it was"
    with asking.upgraded(shared.port) as other:
        assert asking.echo(other, b"new") == b"two:new"
    link.close()


def test_a_websocket_survives_that_its_release_leaves_the_table(shared, one, two):
    shared.route(both(one, two), {"r1": 100})
    link = asking.upgraded(shared.port)
    shared.route({"r2": [two.port]})
    assert asking.echo(link, b"still") == b"one:still"
    link.close()
    eventually(lambda: sockets.open_to(one.port) == 0)


def test_a_stream_and_a_slow_answer_survive_switches_and_removal(shared, one, two):
    shared.route(both(one, two), {"r1": 100})
    stream, slow = asking.kept(shared.port), asking.kept(shared.port)
    stream.request("GET", "/stream?2")
    slow.request("POST", "/slow?1.5", b"body")
    answer = stream.getresponse()
    assert answer.read(4) == b"one\n"
    switch(shared, one, two)
    shared.route({"r2": [two.port]})
    assert set(answer.read().split()) == {b"one"}
    assert slow.getresponse().read() == b"one\n"
    assert len([request for request in one.requests if request.method == "POST"]) == 1


def test_a_stream_is_not_buffered(shared, one):
    """Its first line arrives while the server is still sending."""
    shared.route({"r1": [one.port]})
    connection = asking.kept(shared.port)
    connection.request("GET", "/stream?3")
    assert connection.getresponse().read(4) == b"one\n"
    eventually(lambda: sockets.open_to(one.port) == 1)
    connection.close()


def test_a_refused_post_goes_to_the_other_server(shared, one, two):
    shared.route({"r1": [one.port, two.port]})
    one.refuse()
    one.drop()
    one.requests.clear()
    for number in range(10):
        answer = shared.ask(method="POST", body=b"order %d" % number)
        assert (answer.status, answer.who) == (200, "two")
    assert two.bodies[-10:] == [b"order %d" % number for number in range(10)]


def test_a_post_that_was_written_is_never_sent_again(shared, one, two):
    """The server took it and cut: nobody knows whether it was done, so the client is told, and nothing repeats it."""
    shared.route({"r1": [one.port, two.port]})
    for number in range(6):
        assert shared.ask("/cut", method="POST", body=b"pay %d" % number).status == 502
    sent = one.bodies + two.bodies
    assert sorted(sent) == [b"pay %d" % number for number in range(6)]


def test_a_large_post_arrives_whole_at_the_other_server(shared, one, two):
    shared.route({"r1": [one.port, two.port]})
    one.refuse()
    one.drop()
    body = bytes(range(256)) * 8000
    assert shared.ask(method="POST", body=body).who == "two"
    assert two.bodies[-1] == body


def test_drained_is_when_no_connection_is_left(shared, one, two):
    """Idle connections to an instance go by themselves within moments, busy ones when they are done."""
    shared.route(both(one, two), {"r1": 100})
    slow = asking.kept(shared.port)
    slow.request("GET", "/slow?1.5")
    for _ in range(5):
        shared.ask()
    shared.route(both(one, two), {"r2": 100})
    assert sockets.open_to(one.port) >= 1
    eventually(lambda: sockets.open_to(one.port) == 0)
    assert one.requests[-1].path in ("/slow?1.5", "/")
    assert slow.getresponse().read() == b"one\n", "the last connection goes after the last answer"


def test_no_try_is_begun_after_a_time_and_no_answer_is_cut_off_by_it(plain_alone, one):
    """As of containers that are gone: nobody answers a connection, and nobody refuses it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        for _ in range(4):
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        retry = {"r": {"retry": {"attempts": 100_000, "initialInterval": "20ms", "timeout": "1s"}}}
        config = everything_to("web", {"web": servers(full.getsockname()[1])}, middlewares=retry)
        config["routers"]["all"]["middlewares"] = ["r"]
        config["services"]["web"]["loadBalancer"]["serversTransport"] = "t"
        config["serversTransports"] = {"t": {"forwardingTimeouts": {"dialTimeout": "200ms"}}}
        plain_alone.write(config)
        assert plain_alone.ask().status in (502, 504)
    config["services"]["web"] = servers(one.port)
    plain_alone.write(config)
    assert plain_alone.ask("/slow/2").status == 200
