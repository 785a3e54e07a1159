"""`fairlead edge test` on a real deployment, whose policies Fairlead's own requests never meet."""

import pytest

pytestmark = pytest.mark.real

ROUTES = """    routes:
      - {path: /, limit: {rate: 30/m, burst: 3}, policies: {connections: 2, body: 1K, timeout: 5s}}
      - {path: /old, redirect: /new}
"""
EDGE = "edge: {policies: {headers: strict}}\n"
ASKED = "{path: /, header: {x-frame-options: DENY}}, {path: /old, status: 302}"
SMOKE = f"smoke: [{ASKED}, {{path: /}}, {{path: /}}, {{path: /}}]\n"


def write(site, version, limited=True):
    site.write(version)
    path = site.folder / "fairlead.yaml"
    text = path.read_text()
    if limited:
        text = text.replace('    routes: ["/"]\n', ROUTES) + EDGE
        text = "\n".join(line for line in text.splitlines() if not line.startswith("smoke:")) + "\n" + SMOKE
    path.write_text(text)


def test_each_policy_is_tried_on_the_running_system(site):
    assert site.run("edge", "test", "local").returncode == 2
    write(site, "1")
    assert site.run("deploy", "local").returncode == 0, "smoke tests pass whatever the limits are"
    found = site.json("edge", "test", "local")
    assert found["ok"] and found["release"] == site.live()
    outcomes = {(one["route"], one["policy"]): one["outcome"] for one in found["trials"]}
    assert outcomes == {
        ("/", "headers"): "passed",
        ("/", "body"): "passed",
        ("/", "body in chunks"): "passed",
        ("/", "timeout"): "not tested",
        ("/", "connections"): "not tested",
        ("/", "limit"): "passed",
        ("/", "client address"): "passed",
        ("/", "limit is over"): "passed",
        ("/old", "headers"): "passed",
        ("/old", "redirect"): "passed",
    }
    said = site.run("edge", "test", "local")
    assert said.returncode == 0
    assert "passed, at most" in said.stdout and "a forged one is answered 429" in said.stdout

    write(site, "2")
    assert site.run("deploy", "local").returncode == 0, "with all limits used up"
    site.run("stop", "local")
    done = site.run("edge", "test", "local", "--json")
    assert done.returncode == 1
    assert '"outcome": "failed"' in done.stdout
