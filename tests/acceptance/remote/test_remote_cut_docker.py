"""The connection breaks at ten points of a deployment to containers: it goes on, and users notice nothing.

The points are those of a deployment that nobody disturbs. Client and server are cut in turns.
"""

import contextlib
import sqlite3

import pytest
from test_remote_cut import POINTS, by_client, by_server
from tests.docker_engine import images, unique

from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic
from fairlead.ledger import Ledger
from fairlead.system.clock import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=150, sampled=False)]

STREAM = 4.0  #: seconds: each batch of a rolling one waits for it

FILE = """\
name: {name}
services:
  web:
    image: {image}
    pull_policy: never
    command: uvicorn asgi:app --host 0.0.0.0 --port ${{PORT}} --log-level warning
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    replicas: 2
    env: {{VERSION: "{version}"}}
    stop: {{drain: 6s, grace: 9s}}
smoke: [{{path: /, contains: version {version}}}]
rollout: {{strategy: {strategy}, watch: off, rollback_window: 2s}}
environments:
  local: {{runtime: docker, host: '{host}', edge: {{http: {port}, address: 127.0.0.1}}}}
"""


class Contained:
    """A project whose containers run on the host of a site."""

    def __init__(self, site, strategy):
        self.site, self.name, self.strategy, self.version = site, unique("cut"), strategy, 0
        self.path = site.there / self.name / "local" / "ledger.db"

    def write(self):
        self.version += 1
        values = {"name": self.name, "image": images()["app"], "strategy": self.strategy, "version": self.version}
        text = FILE.format(host=self.site.address, port=self.site.port, **values)
        (self.site.folder / "fairlead.yaml").write_text(text)

    def deploy(self):
        """The next version, with nobody in its way. Its entries, as kind and step."""
        self.write()
        done = self.site.run("deploy", "local")
        assert done.returncode == 0, done.stderr
        return self.entries(self.version)

    def entries(self, rollout):
        with Ledger.read(self.path) as ledger:
            return [(entry.kind, entry.data.get("step")) for entry in ledger.entries(rollout=rollout)]

    def await_entries(self, rollout, count):
        """Until the journal of a rollout has so many."""

        def there():
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as ledger:
                words = "select count(*) from entries where rollout = ?"
                with contextlib.suppress(sqlite3.OperationalError):
                    return ledger.execute(words, (rollout,)).fetchone()[0] >= count

        assert wait_until(there, 240, 0.02)

    def cut(self, count, kill):
        """Deploy the next version, break the connection when so many entries are written, attach until it is over."""
        self.write()
        deployer = self.site.start("deploy", "local")
        self.await_entries(self.version, 1)
        with kill(self.site, deployer):  # what is said from here on does not get through
            self.await_entries(self.version, count)
        said = deployer.communicate(timeout=300)[1]
        assert deployer.returncode == 1 and "fairlead attach local" in said, said
        done = self.site.run("attach", "local")
        assert done.returncode == 0, done.stderr
        assert "is live after" in done.stdout, (done.stdout, done.stderr)
        return self.entries(self.version)


@pytest.fixture
def contained(site, docker_engine, request):
    one = Contained(site, request.param)
    yield one
    site.run("stop", "local", "--yes")
    docker_engine.remove(one.name)
    assert docker_engine.left_of(one.name) == []


@pytest.mark.parametrize("contained", ["blue-green", "rolling"], indirect=True)
def test_a_connection_that_is_cut_at_ten_points_loses_nothing(contained):
    contained.deploy()
    options = Options(rate=40.0, timeout=60.0, stream_seconds=STREAM, paths=Paths(stream=f"/stream?seconds={STREAM:g}"))
    with Traffic(f"http://127.0.0.1:{contained.site.port}", Mix(), options) as traffic:
        whole = contained.deploy()
        assert len(whole) > POINTS and whole[-1][0] == "rollout.closed"
        for point in range(POINTS):
            entries = contained.cut(point * len(whole) // POINTS + 1, (by_client, by_server)[point % 2])
            assert entries == whole, whole[point * len(whole) // POINTS]
        report = traffic.stop()
    assert (report.lost, report.app_errors, report.websocket.cut) == (0, 0, 0), report.losses[:5]
    assert set(report.versions) == {str(number) for number in range(1, contained.version + 1)}
    assert contained.site.run("ledger", "verify", "local").returncode == 0
    print(f"{contained.strategy}: cut at {POINTS} of {len(whole)} points, {report.sent} requests, {report.lost} lost")
