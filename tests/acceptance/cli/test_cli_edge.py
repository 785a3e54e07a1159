"""`fairlead edge test` on a real deployment, whose policies Fairlead's own requests never meet."""

import http.client

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
    assert "passed, at most" in said.stdout and "were 429" in said.stdout

    write(site, "2")
    assert site.run("deploy", "local").returncode == 0, "with all limits used up"
    site.run("stop", "local")
    done = site.run("edge", "test", "local", "--json")
    assert done.returncode == 1
    assert '"outcome": "failed"' in done.stdout


PAGES = """\
name: shop
services:
  pages:
    source: ./pages
    static: dist
    routes: [{path: /, fallback: /index.html}]
    replicas: 2
rollout: {watch: off}
smoke: [{path: /, contains: home}, {path: /deep/link, contains: home}]
environments:
  local: {runtime: process, edge: {http: %d, address: 127.0.0.1}}
"""


def ask(site, path, **headers):
    link = http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)
    link.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_a_folder_of_files_is_a_service(site):
    """Without a line of the team's own: deployed, compressed, and one page for all that is not there."""
    dist = site.folder / "pages" / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<h1>home</h1>")
    (dist / "assets" / "main.3f2a1b9c.js").write_text("let a = 1;\n" * 500)
    (site.folder / "fairlead.yaml").write_text(PAGES % site.port)
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    status, headers, body = ask(site, "/deep/link", Accept="text/html")
    assert (status, body) == (200, b"<h1>home</h1>")
    assert headers["x-content-type-options"] == "nosniff"
    status, headers, body = ask(site, "/assets/main.3f2a1b9c.js", Accept_Encoding="gzip")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in headers["cache-control"] and len(body) < 100
    assert ask(site, "/assets/gone.js", Accept="*/*")[0] == 404
    trials = {one["policy"]: one["outcome"] for one in site.json("edge", "test", "local")["trials"]}
    assert trials == {"headers": "passed", "fallback": "passed"}
