"""Deployments in containers under load lose nothing: 20 in a row of each strategy with each application server."""

import shutil
import tempfile
from pathlib import Path

import pytest
from load_projects import APPS, ROLLOUTS, instances_by_release, traffic_options, until
from tests.docker_engine import images, unique
from tests.sandboxes import Sandbox

from fairlead.demo.mix import Mix
from fairlead.demo.traffic import Traffic
from fairlead.operations.deploy import Options, deploy
from fairlead.operations.up import stop
from fairlead.project.loader import load_project

pytestmark = pytest.mark.real

DEPLOYMENTS = 20
SERVERS = {  # by the folder of their image
    "uvicorn": ("app", "uvicorn asgi:app --host 0.0.0.0 --port ${PORT} --log-level warning"),
    "gunicorn": ("app", "gunicorn wsgi:app --bind 0.0.0.0:${PORT} --threads 32 --log-level warning"),
    "node": ("node", "node server.js"),
}
FULL = {"uvicorn": Mix(websocket=50), "gunicorn": Mix(websocket=0), "node": Mix(websocket=0)}
FILE = """\
name: {name}
services:
  web:
    image: {image}
    pull_policy: never
    workdir: /code
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 200ms, deadline: 60s}}
    routes: [/]
    replicas: 2
    user: "10001"
    env: {{VERSION: "{version}"}}
    volumes: ["./app:/code:ro"]
    stop: {{drain: 25s, grace: 30s}}
rollout: {{{rollout}, keep: 3, rollback_window: 2s}}
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
"""


class Contained:
    """A project of one service from an image, in a folder that any user may read."""

    def __init__(self, folder, name, app, strategy):
        self.sandbox, self.name, self.app, self.strategy = Sandbox(folder / name, name), name, app, strategy
        self.version = 0
        shutil.copytree(APPS, self.sandbox.project / "app", ignore=shutil.ignore_patterns("__pycache__"))
        server = self.sandbox.project / "app" / "server.js"
        server.write_text(server.read_text().replace("127.0.0.1", "0.0.0.0"))

    def deploy(self):
        """The next version."""
        self.version += 1
        image, command = SERVERS[self.app]
        values = {"name": self.name, "image": images()[image], "command": command, "version": self.version}
        text = FILE.format(rollout=ROLLOUTS[self.strategy], port=self.sandbox.port, **values)
        (self.sandbox.project / "fairlead.yaml").write_text(text)
        return deploy(load_project(self.sandbox.project / "fairlead.yaml"), "local", Options(wait=60))

    def releases(self):
        return instances_by_release(self.sandbox.place)


@pytest.fixture
def contained(docker_engine, monkeypatch):
    """`contained(app, strategy)`; what runs for it is ended after the test."""
    made, folder = [], Path(tempfile.mkdtemp(prefix="fl-load-"))
    folder.chmod(0o755)

    def contained(app, strategy):
        one = Contained(folder, unique("load"), app, strategy)
        made.append(one)
        monkeypatch.setenv("FAIRLEAD_HOME", str(one.sandbox.home))
        return one

    yield contained
    for one in made:
        stop(one.sandbox.place, wait=60)
        one.sandbox.close()
        docker_engine.remove(one.name)
        assert docker_engine.left_of(one.name) == []
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long(seconds=200, sampled=False)  # of rolling five times as long
@pytest.mark.parametrize("app", FULL)
@pytest.mark.parametrize("strategy", ROLLOUTS)
def test_twenty_in_a_row(contained, strategy, app):
    """Answers of 3 s, streams of 20 s, clients that are idle for up to 8 s and WebSockets are open at every switch.

    A WebSocket ends with the release that it is on, closed by the application, which has time for it.
    """
    shop = contained(app, strategy)
    shop.deploy()
    with Traffic(shop.sandbox.url, FULL[app], traffic_options(20)) as traffic:
        results = [shop.deploy() for _ in range(DEPLOYMENTS)]
        until(lambda: shop.releases() == {results[-1].release}, 300, lambda: f"{shop.releases()} left")
        report = traffic.stop()
    assert report.losses == [], report.losses[:5]
    assert (report.lost, report.websocket.cut) == (0, 0), report.websocket.cuts[:5]
    assert set(report.versions) == {str(number) for number in range(1, DEPLOYMENTS + 2)}
    assert sum(result.report["lost"] for result in results) == 0
    sockets = report.websocket
    said = f"{sockets.opened} WebSockets, {sum(sockets.closed.values())} closed, {sockets.cut} cut"
    print(f"{strategy} {app}: {report.sent} requests, {report.lost} lost, {said}, {report.seconds:.0f} s")
