"""The order of a switch, tried with real servers under load: runtime and edge together, the engine left out.

What must not lose anything is asserted. What can lose (a race) is run too, its losses kept with the test's result
(`pytest --junitxml`), never asserted: docs/concepts/edge.md has the figures.
"""

import sys
import time
from pathlib import Path

import pytest
from rig import Rig
from running import processes_with

from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic
from fairlead.project.stack import Health, Stop
from fairlead.render import traefik as rendered
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.process.runtime import ProcessRuntime
from fairlead.system import processes
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file

pytestmark = pytest.mark.real

APPS = Path(__file__).parents[2] / "apps"
QUIET = ("--no-control-socket", "--log-level", "warning")
BIND = ("--bind", "127.0.0.1:${PORT}")
SERVERS = {
    "uvicorn": ("uvicorn", "asgi:app", "--host", "127.0.0.1", "--port", "${PORT}", "--log-level", "warning"),
    "gthread": ("gunicorn", "wsgi:app", *BIND, "--threads", "16", *QUIET),
    "sync": ("gunicorn", "wsgi:app", *BIND, "--workers", "1", *QUIET),
}
SHORT = Paths(slow="/slow?seconds=1", stream="/stream?seconds=2")
OPTIONS = Options(rate=80, idle_gap=(0.5, 3.0), slow_seconds=1, stream_seconds=2, websocket_gap=0.3, paths=SHORT)


class Site:
    """One service on a runtime and an edge; releases r1, r2 … follow each other."""

    def __init__(self, root, server):
        self.rig = Rig(root)
        self.runtime = ProcessRuntime(self.rig.place)
        self.server = server
        self.count = 0
        self.live = None

    def new(self):
        """A release more, ready."""
        self.count += 1
        id = f"r{self.count}.web.1"
        argv = (sys.executable, "-m", *SERVERS[self.server])
        health = Health(ready="/health", interval=0.05, successes=2, deadline=60)
        env = {"VERSION": str(self.count), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
        more = {"listens": True, "health": health, "stop": Stop(grace=20)}
        self.runtime.start([InstanceSpec(id, f"r{self.count}", "web", 1, argv, str(APPS), env, **more)])
        self.runtime.await_ready([id], lambda _: None)
        return id

    def port(self, id):
        return next(one.port for one in self.runtime.observe() if one.id == id)

    def table(self, *ids, to):
        pools = {id.split(".")[0]: [self.port(id)] for id in ids}
        return self.rig.table(pools, {to.split(".")[0]: 100})

    def gone(self, id):
        self.runtime.stop([id])
        self.runtime.remove([id])

    def drain(self, id, seconds):
        return wait_until(lambda: self.runtime.open_connections([id]) == 0, seconds, 0.02, 0.1)


@pytest.fixture
def site(tmp_path):
    """`site("uvicorn")`, with r1 live."""
    made = []

    def start(server):
        site = Site(tmp_path, server)
        made.append(site)
        site.live = site.new()
        site.rig.edge.route(site.table(site.live, to=site.live))
        return site

    yield start
    for site in made:
        site.runtime.stop([one.id for one in site.runtime.observe()])
        site.rig.end()
        for pid in processes_with(str(site.rig.place.root)):
            processes.kill((pid,))


def right_order(site, drain=3.0):
    """New before old; weights in force; drained; SIGTERM."""
    old, new = site.live, site.new()
    site.rig.edge.route(site.table(old, new, to=new))
    site.drain(old, drain)
    site.gone(old)
    site.rig.edge.route(site.table(new, to=new))
    site.live = new


def hasty(site):
    """SIGTERM right after the rename, before Traefik can have read the file."""
    old, new = site.live, site.new()
    text, _ = rendered.dynamic_file(site.table(new, to=new), site.rig.edge.token())
    write_file(site.rig.place.edge / "dynamic" / "routes.yml", text, 0o600)
    site.gone(old)
    site.rig.edge.route(site.table(new, to=new))
    site.live = new


def losses(report):
    return [f"{loss.kind} {loss.method} {loss.why} {loss.detail} after {loss.seconds} s" for loss in report.losses]


@pytest.mark.parametrize("server", ["uvicorn", pytest.param("gthread", marks=pytest.mark.long(seconds=20))])
def test_the_right_order_loses_nothing(site, server):
    """GET, POST, idle gaps, slow answers, streams (and WebSockets, closed by uvicorn itself) over three switches."""
    site = site(server)
    mix = Mix(get=3, post=2, fresh=1, idle=6, slow=2, stream=1, websocket=2 if server == "uvicorn" else 0)
    with Traffic(f"http://127.0.0.1:{site.rig.port}", mix, OPTIONS) as traffic:
        for _ in range(3):
            right_order(site)
        time.sleep(0.5)  # clients that were idle during the last switch send once more
        report = traffic.stop()
    assert losses(report) == []
    assert report.websocket.cut == 0
    assert {"1", "2", "3", "4"} <= set(report.versions), "every release had traffic"
    assert site.rig.edge.traffic().edge_made == 0


@pytest.mark.long
def test_sigterm_right_after_the_rename_can_lose(site, record_property):
    site = site("uvicorn")
    mix = Mix(get=3, post=2, fresh=3, idle=0, slow=0, stream=0, websocket=0)
    with Traffic(f"http://127.0.0.1:{site.rig.port}", mix, OPTIONS) as traffic:
        for _ in range(4):
            hasty(site)
        report = traffic.stop()
    record_property("lost_in_4_switches", report.lost)
    assert site.rig.ask().status == 200


SATURATED = Mix(get=0, post=0, fresh=0, idle=0, slow=5, stream=0, websocket=0)


def test_a_saturated_server_is_drained_by_its_connections(site):
    """One worker, five clients, a second each: what waits in the accept queue counts as open, so nothing is lost."""
    site = site("sync")
    with Traffic(f"http://127.0.0.1:{site.rig.port}", SATURATED, OPTIONS) as traffic:
        time.sleep(1.5)  # the queue has filled
        right_order(site, drain=15)
        report = traffic.stop()
    assert losses(report) == []
    assert set(report.versions) == {"1", "2"}


@pytest.mark.long
def test_a_saturated_server_with_a_fixed_drain_can_lose(site, record_property):
    site = site("sync")
    with Traffic(f"http://127.0.0.1:{site.rig.port}", SATURATED, OPTIONS) as traffic:
        time.sleep(1.5)
        old, new = site.live, site.new()
        site.rig.edge.route(site.table(old, new, to=new))
        time.sleep(0.5)
        site.gone(old)
        site.rig.edge.route(site.table(new, to=new))
        report = traffic.stop()
    record_property("lost_in_1_switch", report.lost)
    assert site.rig.ask().status == 200


def test_weights_alone_lose_nothing_with_a_keep_alive_of_two_seconds(site):
    """gunicorn gthread ends idle connections after 2 s; both releases stay up, clients idle about as long."""
    site = site("gthread")
    old, new = site.live, site.new()
    gaps = Options(rate=40, idle_gap=(1.9, 2.1), paths=SHORT)
    mix = Mix(get=1, post=1, fresh=0, idle=12, slow=0, stream=0, websocket=0)
    with Traffic(f"http://127.0.0.1:{site.rig.port}", mix, gaps) as traffic:
        for number in range(6):
            site.rig.edge.route(site.table(old, new, to=(new, old)[number % 2]))
            time.sleep(1.2)
        report = traffic.stop()
    assert losses(report) == []
