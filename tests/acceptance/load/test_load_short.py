"""Deployments under load lose nothing: the short form, one run of each strategy and of each awkward application.

One strategy in a row in the normal run: canaries are under load in `test_evidence`, and the rest here is blue-green.
It is in a row on gunicorn, with the shortest keep-alive. On uvicorn, with WebSockets, the demo deploys in every run.
All is deployed to one place, one application after the other.
"""

import dataclasses

import pytest
from load_projects import Shop, opened, overlaps, traffic_options, until

from fairlead.demo.mix import Mix
from fairlead.demo.traffic import Traffic
from fairlead.errors import RolloutFailed

NO_WEBSOCKETS = Mix(websocket=0)
MIXES = {"uvicorn": Mix(websocket=6), "gunicorn": NO_WEBSOCKETS}
STREAM = 5  #: seconds; one follows the other, so that one is open at every switch; the long form has 20
RATE = 25.0  #: requests per second beside streams, WebSockets and slow answers; the long form has 80


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("short")) as made:
        yield made


@pytest.fixture
def shop(place, need):
    """`shop(app="node", strategy="canary", …) -> Shop`: from the next deployment on it is like that."""

    def shop(**given):
        if given.get("app") == "node":
            need("node")
        for one in dataclasses.fields(Shop):
            if one.name not in ("sandbox", "version"):
                default = one.default if one.default_factory is dataclasses.MISSING else one.default_factory()
                setattr(place, one.name, given.get(one.name, default))
        return place

    return shop


def whole(report):
    """Nothing was lost or cut, and the report says what if it was."""
    assert report.losses == [], report.losses[:5]
    assert (report.lost, report.websocket.cut) == (0, 0), report.websocket.cuts[:5]
    assert report.answered > 0


def only(shop, *releases):
    """After the window the keeper has retired everything else."""
    until(lambda: shop.releases() == set(releases), 240, lambda: f"{shop.releases()} are left\n{shop.keeper_log()}")


@pytest.mark.parametrize(
    ("strategy", "app", "count", "stream"),
    [
        pytest.param("blue-green", "uvicorn", 2, 8, marks=pytest.mark.long(seconds=25)),
        pytest.param("canary", "uvicorn", 2, 6, marks=pytest.mark.long(seconds=30)),
        pytest.param("rolling", "uvicorn", 2, 4, marks=pytest.mark.long(seconds=40)),
        ("rolling", "gunicorn", 2, 4),
    ],
)
def test_deployments_in_a_row(shop, strategy, app, count, stream):
    """A stream is open at every switch; of rolling each old instance waits for it, so there it is a short one."""
    shop, mix = shop(app=app, strategy=strategy, drain=f"{stream + 2}s"), MIXES[app]
    shop.deploy()
    versions = {str(shop.version + number) for number in range(count + 1)}
    with Traffic(shop.sandbox.url, mix, traffic_options(stream, rate=RATE)) as traffic:
        results = [shop.deploy() for _ in range(count)]
        report = traffic.stop()
    whole(report)
    assert set(report.versions) == versions
    assert (report.websocket.messages > 0) == (mix.websocket > 0)
    assert [result.report["lost"] for result in results] == [0] * count
    assert overlaps(shop.worker_log) == []
    only(shop, results[-1].release)


@pytest.mark.parametrize(
    ("app", "env", "mix"),
    [
        pytest.param("gunicorn", {}, NO_WEBSOCKETS, id="gunicorn", marks=pytest.mark.long(seconds=15)),
        pytest.param("node", {}, NO_WEBSOCKETS, id="node", marks=pytest.mark.long(seconds=20)),
        pytest.param(
            "uvicorn", {"IGNORE_SIGTERM": "1"}, Mix(), id="ignores SIGTERM", marks=pytest.mark.long(seconds=20)
        ),
        pytest.param("uvicorn", {"START_DELAY": "10"}, Mix(), id="slow start", marks=pytest.mark.long(seconds=30)),
    ],
)
def test_one_deployment(shop, app, env, mix):
    shop = shop(app=app, drain=f"{STREAM + 2}s", grace="2s" if "IGNORE_SIGTERM" in env else "30s")
    shop.deploy(**({} if "START_DELAY" in env else env))
    with Traffic(shop.sandbox.url, mix, traffic_options(STREAM, rate=RATE)) as traffic:
        result = shop.deploy(**env)
        report = traffic.stop()
    whole(report)
    assert set(report.versions) == {str(shop.version - 1), str(shop.version)}
    only(shop, result.release)
    assert overlaps(shop.worker_log) == []


def test_a_saturated_sync_worker(shop):
    """One process, one request at a time, each of 3 seconds: connections stand in its accept queue at the switch."""
    shop = shop(app="gunicorn-sync", replicas=1, drain="60s")
    shop.deploy()
    mix = Mix(get=1, post=1, fresh=1, idle=0, slow=3, stream=0, websocket=0)
    with Traffic(shop.sandbox.url, mix, traffic_options(STREAM, rate=RATE, timeout=60.0)) as traffic:
        until(lambda: traffic.snapshot().answered >= 3, 60, "the worker is busy")
        result = shop.deploy()
        report = traffic.stop()
    whole(report)
    only(shop, result.release)


def test_one_that_dies_right_after_becoming_healthy(shop):
    shop = shop(app="lean")  # whatever its server is, it is gone
    first = shop.deploy()
    with Traffic(shop.sandbox.url, Mix(stream=0), traffic_options(STREAM, rate=RATE)) as traffic:
        with pytest.raises(RolloutFailed):
            shop.deploy(DIE_AFTER_HEALTHY="0.4")
        report = traffic.stop()
    whole(report)
    assert set(report.versions) == {str(shop.version - 1)}, "not that of the one that dies"
    only(shop, first.release)
    assert overlaps(shop.worker_log) == []


@pytest.mark.long(seconds=15)  # the examples are rolled back under load in every run
def test_a_rollback_by_the_user(shop):
    shop = shop(window="10m")
    first = shop.deploy()
    with Traffic(shop.sandbox.url, Mix(), traffic_options(STREAM, rate=RATE)) as traffic:
        second = shop.deploy()
        assert shop.rollback().release == first.release
        report = traffic.stop()
    whole(report)
    assert shop.releases() == {first.release, second.release}, "both are inside the window"
    assert overlaps(shop.worker_log) == []
