"""What the edge counted: answers by release, and its own 502, 503 and 504 apart from the application's."""

import pytest
from running import eventually

pytestmark = pytest.mark.real


@pytest.fixture
def counted(shared, one):
    """(rig, what came since)."""
    shared.route({"r1": [one.port]})
    first = shared.edge.traffic()
    return shared, lambda: shared.edge.traffic().since(first)


def test_answers_by_release_and_status(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, headers=["r1", "r2"])
    first = shared.edge.traffic()
    for path, times in (("/", 7), ("/status/404", 2), ("/status/500", 3)):
        for _ in range(times):
            shared.ask(path)
    for _ in range(4):
        shared.ask("/status/503", headers=shared.edge.release_header("r2"))
    seen = shared.edge.traffic().since(first)
    assert {release: {c: n for c, n in codes.items() if n} for release, codes in seen.by_release.items()} == {
        "r1": {200: 7, 404: 2, 500: 3},
    }, "what is asked by the secret header no user has got"
    assert (seen.total("r1"), seen.errors("r1"), seen.errors("r2"), seen.edge_made) == (12, 3, 0, 0)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_the_applications_own_errors_are_its_own(counted, status):
    rig, since = counted
    assert rig.ask(f"/status/{status}").status == status
    eventually(lambda: since().errors("r1") == 1)
    eventually(lambda: f'"DownstreamStatus":{status}' in (rig.place.edge / "access.log").read_text())
    assert since().edge_made == 0


def test_a_refused_connection_is_the_edges_502(counted, one):
    rig, since = counted
    one.refuse()
    one.drop()
    assert rig.ask().status == 502
    eventually(lambda: since().edge_made == 1)


@pytest.mark.parametrize("path", ["/cut"])
def test_a_cut_connection_is_the_edges_502(counted, path):
    rig, since = counted
    assert rig.ask(path, method="POST", body=b"x").status == 502
    eventually(lambda: since().edge_made == 1)


def test_an_answer_cut_in_its_middle_reaches_the_client_as_cut(counted):
    rig, _ = counted
    assert rig.ask("/cut-body").status == 0


def test_an_empty_pool_is_the_edges_503(shared):
    shared.route({"r1": []})
    first = shared.edge.traffic()
    assert shared.ask().status == 503
    eventually(lambda: shared.edge.traffic().since(first).edge_made == 1)


def test_counters_of_a_release_that_left_never_count_backwards(shared, one, two):
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 50, "r2": 50})
    for _ in range(10):
        shared.ask()
    first = shared.edge.traffic()
    assert first.total("r2") >= 5
    shared.route({"r1": [one.port]})
    for _ in range(3):
        shared.ask()
        shared.edge.traffic()
    seen = shared.edge.traffic().since(first)
    assert seen.total("r2") >= 0
    assert seen.total("r1") == 3
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r2": 100})
    shared.ask()
    later = shared.edge.traffic().since(first)
    assert later.total("r2") >= 0, "its counter began anew below what it was"


def test_a_restart_is_noticed(rig, one):
    rig.route({"r1": [one.port]})
    for _ in range(5):
        rig.ask()
    one.refuse()
    one.drop()
    assert rig.ask().status == 502
    eventually(lambda: rig.edge.traffic().edge_made == 1)
    one.listen()
    first = rig.edge.traffic()
    assert first.by_release["r1"] == {200: 5, 502: 1}, "a request that was tried twelve times is one answer"
    before = rig.process()
    rig.kill()
    eventually(lambda: rig.process() not in (None, before) and rig.edge.api.alive())
    eventually(lambda: rig.ask().status == 200)
    after = rig.edge.traffic()
    assert after.started != first.started
    seen = after.since(first)
    assert seen.total("r1") >= 1
    assert seen.edge_made == 0, "its log outlives it: what was lost before is not lost again"
