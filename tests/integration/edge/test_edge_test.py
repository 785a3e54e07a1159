"""`fairlead edge test`: each trial sees that real Traefik does what is declared, and sees it too when it does not."""

import pytest
from policed import Policed

from fairlead.operations.edge import answers, clients
from fairlead.operations.edge.test import TRIALS, _to_https
from fairlead.operations.edge.trial import Probe
from fairlead.operations.edge.wire import Wire
from fairlead.project.stack_edge import Edge, Limit, Policies, Redirect, Route

STRICT = {"Content-Security-Policy": "default-src 'self'", "X-Frame-Options": "DENY"}


@pytest.fixture(scope="module")
def police(tmp_path_factory):
    with Policed(tmp_path_factory.mktemp("tried")) as found:
        yield found


def tried(police, route, *trials, edge=None):
    """What comes of trials: policy → outcome and detail."""
    probe = Probe(Wire("127.0.0.1", police.port), route, edge or police.listen)
    return {one.policy: (one.outcome, one.detail) for trial in trials or TRIALS for one in trial(probe)}


LIMIT, OPEN = {"limit", "client address", "limit is over"}, {"connections", "connections are free"}
CASES = {
    "headers": (Route("/", policies=Policies(STRICT, hsts=60)), answers.headers, {"headers"}),
    "compress": (Route("/large", policies=Policies(compress=True)), answers.compress, {"compress"}),
    "body": (Route("/", policies=Policies(body=1000)), answers.body, {"body", "body in chunks"}),
    "redirect": (Route("/old", redirect=Redirect("/new", True)), answers.redirect, {"redirect"}),
    "fallback": (Route("/status", fallback="/index"), answers.fallback, {"fallback"}),
    "limit": (Route("/", policies=Policies(limit=Limit(5, 1, 10))), clients.limit, LIMIT),
    "connections": (Route("/", policies=Policies(connections=4)), clients.connections, OPEN),
    "websockets": (Route("/ws", policies=Policies(websockets=2)), clients.websockets, {"websocket", "websockets"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_carried_out_passes(police, one, case):
    route, trial, policies = CASES[case]
    police.routes(one, route)
    found = tried(police, route, trial)
    assert {name: outcome for name, (outcome, _) in found.items()} == dict.fromkeys(policies, "passed"), found


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_carried_out_fails(police, one, case):
    route, trial, _ = CASES[case]
    police.routes(one, Route(route.path))
    found = tried(police, route, trial)
    assert "failed" in {outcome for outcome, _ in found.values()}, found


def test_nothing_that_changes_anything_comes_to_the_application(police, one):
    how = Policies(STRICT, 60, True, 1000, 5, Limit(100, 1, 50), 4, 2)
    police.route(one, how)
    found = tried(police, Route("/", policies=how))
    assert "failed" not in {outcome for outcome, _ in found.values()}, found
    assert {request.method for request in one.requests} == {"GET"}
    assert all(request.body == b"" for request in one.requests)


def test_what_is_not_tried_is_named_with_the_reason(police, one):
    how = Policies(body=2**30, timeout=60, limit=Limit(1000, 1, 1000), connections=5000, websockets=5)
    police.routes(one, Route("/", rewrite="/x", policies=how))
    found = tried(police, Route("/", rewrite="/x", policies=how))
    assert found["body"] == ("passed", "1073741825 bytes announced: 413")
    assert {name: detail for name, (outcome, detail) in found.items() if outcome == "not tested"} == {
        "rewrite": "only the service sees which path it gets",
        "body in chunks": "1073741825 bytes would have to be sent",
        "timeout": "it takes a request that is not answered for 60 s",
        "websockets": "/ is no WebSocket: it answers 200",
        "connections": "it takes 5000 open requests; at most 200 are made",
        "limit": "it takes 2010 requests; at most 500 are sent",
    }


def test_a_limit_that_is_over_only_later_is_not_waited_for(police, one):
    how = Policies(limit=Limit(1, 3600, 2), connections=5)
    police.route(one, how)
    found = tried(police, Route("/", policies=how))
    assert found["limit"][0] == "passed"
    assert found["client address"][0] == "passed"
    assert found["limit is over"] == ("not tested", "that takes 3600 s")
    assert found["connections"] == ("not tested", "the limit of the route refuses 7 requests first")


def test_of_a_trusted_machine_a_forged_address_is_not_tried(police, one):
    how = Policies(limit=Limit(1, 60, 2))
    police.route(one, how)
    found = tried(police, Route("/", policies=how), clients.limit, edge=Edge(trusted_proxies=("127.0.0.0/8",)))
    assert found["client address"] == ("not tested", "127.0.0.1 is one of the trusted proxies")


def test_http_to_https_is_tried(tmp_path, one):
    with Policed(tmp_path, https=True) as police:
        how = Policies(hsts=60)
        police.route(one, how)
        assert [result.outcome for result in _to_https(police.listen, "127.0.0.1")] == ["passed"]
        secure = Probe(Wire("127.0.0.1", police.https, tls=True), Route("/", policies=how), police.listen)
        assert [result.outcome for result in answers.headers(secure)] == ["passed"]
