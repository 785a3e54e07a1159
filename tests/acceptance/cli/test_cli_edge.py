"""`fairlead edge test` on a real deployment, whose policies Fairlead's own requests never meet."""

import http.client
import importlib.util
import shutil
from pathlib import Path

import pytest
from tests.docker_engine import unique

import fairlead

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


def ask(site, path, **headers):
    link = http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)
    link.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


CONTAINED = """\
name: {name}
services:
  pages:
    build: {{context: pages}}
    static: dist
    routes: [{{path: /, fallback: /index.html}}]
rollout: {{watch: off}}
smoke: [{{path: /, contains: home}}, {{path: /deep/link, contains: home}}]
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
"""
PAGES_IMAGE = """\
FROM python:3.11-slim
COPY lib /lib/python
ENV PYTHONPATH=/lib/python PYTHONDONTWRITEBYTECODE=1
WORKDIR /web
COPY dist dist
RUN python3 -m fairlead.static compress dist
USER 10001:10001
"""


@pytest.fixture
def contained(site, docker_engine):
    """A project of files in an image. What `pip install fairlead[static]` brings is copied: there is no index here."""
    pages, name = site.folder / "pages", unique("pages")
    (pages / "dist" / "assets").mkdir(parents=True)
    (pages / "Dockerfile").write_text(PAGES_IMAGE)
    for module in ("whitenoise", "waitress"):
        folder = Path(importlib.util.find_spec(module).origin).parent
        shutil.copytree(folder, pages / "lib" / module, ignore=shutil.ignore_patterns("__pycache__"))
    package = Path(fairlead.__file__).parent
    shutil.copytree(package / "static", pages / "lib" / "fairlead" / "static")
    shutil.copy(package / "__init__.py", pages / "lib" / "fairlead")
    (site.folder / "fairlead.yaml").write_text(CONTAINED.format(name=name, port=site.port))
    yield site
    site.run("stop", "local")
    docker_engine.remove(name)
    assert docker_engine.left_of(name) == []


@pytest.mark.long(seconds=15)
def test_a_folder_of_files_in_an_image_is_a_service_too(contained):
    site, dist = contained, contained.folder / "pages" / "dist"
    (dist / "index.html").write_text("<h1>home</h1>")
    (dist / "assets" / "main.3f2a1b9c.js").write_text("let a = 1;\n" * 500)
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert ask(site, "/")[2] == b"<h1>home</h1>" == ask(site, "/deep/link", Accept="text/html")[2]
    assert ask(site, "/assets/gone.js", Accept="*/*")[0] == 404
    status, told, body = ask(site, "/assets/main.3f2a1b9c.js", Accept_Encoding="gzip")
    assert (status, told["content-encoding"]) == (200, "gzip") and len(body) < 1000
    assert "immutable" in told["cache-control"]
    assert ask(site, "/", If_None_Match=ask(site, "/")[1]["etag"])[0] == 304
