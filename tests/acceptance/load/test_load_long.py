"""Deployments under load lose nothing: the long form, 20 in a row of each strategy with each application server."""

import pytest
from load_projects import overlaps, traffic_options, until

from fairlead.demo.mix import Mix
from fairlead.demo.traffic import Traffic

DEPLOYMENTS = 20
FULL = {
    "uvicorn": Mix(websocket=50),
    "gunicorn": Mix(websocket=0),
    "node": Mix(websocket=0),
}


@pytest.mark.long(seconds=100)
@pytest.mark.parametrize("app", FULL)
@pytest.mark.parametrize(
    "strategy", ["blue-green", "canary", pytest.param("rolling", marks=pytest.mark.long(sampled=False))]
)
def test_twenty_in_a_row(shop, strategy, app):
    """Streams of 20 s are open at every switch. Of rolling each old instance waits for its own."""
    shop = shop(app=app, strategy=strategy)
    shop.deploy()
    with Traffic(shop.sandbox.url, FULL[app], traffic_options(20)) as traffic:
        results = [shop.deploy() for _ in range(DEPLOYMENTS)]
        report = traffic.stop()
    assert report.losses == [], report.losses[:5]
    assert (report.lost, report.websocket.cut) == (0, 0), report.websocket.cuts[:5]
    assert set(report.versions) == {str(number) for number in range(1, DEPLOYMENTS + 2)}
    assert sum(result.report["lost"] for result in results) == 0
    assert overlaps(shop.worker_log) == []
    until(lambda: shop.releases() == {results[-1].release}, 300, lambda: f"{shop.releases()} left\n{shop.keeper_log()}")
    print(f"{strategy} {app}: {report.sent} requests, {report.lost} lost, {report.seconds:.0f} s")
