"""Two applications nobody here wrote, upgraded and rolled back while users are on them: nothing is lost."""

import pytest

from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic
from fairlead.system import http

NEWER = "0.65.5"


def whole(report):
    assert report.losses == [], report.losses[:5]
    assert (report.lost, report.app_errors) == (0, 0)
    assert report.answered > 0


def test_datasette_is_upgraded_and_rolled_back(example):
    """0.64 to 0.65 over one SQLite file, and back."""
    datasette = example("datasette", 8081)
    sandbox = datasette.sandbox
    sandbox.change({"/var/tmp/plants.db": str(sandbox.folder / "plants.db")})
    first = datasette.run("deploy", "local")
    assert version(sandbox.port).startswith("0.64.")
    page = "/plants/plants.json?_shape=array"
    paths = Paths(get=page, post="", slow=page)
    mix = Mix(get=3, post=0, fresh=1, idle=4, slow=0, stream=0, websocket=0)
    with Traffic(sandbox.url, mix, Options(rate=20.0, app_header=None, paths=paths)) as traffic:
        datasette.require("datasette", NEWER)
        second = datasette.run("deploy", "local")
        assert version(sandbox.port) == NEWER
        back = datasette.run("rollback", "local")
        assert version(sandbox.port).startswith("0.64.")
        report = traffic.stop()
    whole(report)
    assert back["release"] == first["release"] != second["release"]
    assert datasette.run("ledger", "verify", "local")["ok"]


def version(port):
    return http.get(port, "/-/versions.json", 60).body.decode().split('"datasette": {"version": "')[1].split('"')[0]


@pytest.mark.long(seconds=30)  # gunicorn is rolled out under load in test_load_short, an example above
def test_httpbin_is_deployed_and_rolled_back(example):
    """GET, POST, slow answers and streams on gunicorn, which ends an idle connection after 2 s."""
    httpbin = example("httpbin", 8082)
    sandbox = httpbin.sandbox
    httpbin.run("deploy", "local")
    paths = Paths(get="/get", post="/post", slow="/delay/3", stream="/drip?duration=8&numbytes=16", stream_end="*")
    mix = Mix(get=3, post=2, fresh=1, idle=4, slow=2, stream=1, websocket=0)
    options = Options(rate=40.0, app_header=None, paths=paths, stream_seconds=8.0)
    with Traffic(sandbox.url, mix, options) as traffic:
        sandbox.change({"--threads 8": "--threads 12"})
        second = httpbin.run("deploy", "local")
        back = httpbin.run("rollback", "local")
        report = traffic.stop()
    whole(report)
    assert back["previous"] == second["release"]
    assert {"get", "post", "slow", "stream", "idle"} <= set(report.kinds)
