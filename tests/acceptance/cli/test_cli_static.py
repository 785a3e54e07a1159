"""A folder of files as a service, without a line of the team's own: as a process and as a container, asked the same."""

import gzip
import http.client

import pytest
from tests.docker_engine import unique

from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic

pytestmark = pytest.mark.real

FILE = """\
name: {name}
services:
  pages:
    source: ./pages
    static: dist
    routes: [{{path: /, fallback: /index.html}}]
    replicas: 2
    stop: {{drain: 2s, grace: 5s}}
rollout: {{watch: off}}
smoke: [{{path: /, contains: home}}, {{path: /deep/link, contains: home}}]
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
  contained:
    runtime: docker
    edge: {{http: {other}, address: 127.0.0.1}}
    services:
      pages:
        routes:
          - {{path: /, fallback: /index.html}}
          - {{path: /few, limit: {{rate: 60/m, burst: 3}}, policies: {{body: 1K}}}}
          - {{path: /one, policies: {{connections: 1}}}}
"""
PAGE, SCRIPT = b"<h1>home</h1>", b"let a = 1;\n" * 500
HASHED = "/assets/main.3f2a1b9c.js"
ANY = {"Accept": "*/*"}
TRIED = {
    "/": ["headers", "fallback"],
    "/few": ["headers", "body", "body in chunks", "limit", "client address", "limit is over"],
    "/one": ["headers", "connections", "connections are free"],
}  # all that can differ behind the door of a container
TOLD = ("cache-control", "content-encoding", "content-length", "content-range", "content-type", "etag", "vary")
ASKED = {  # what is asked: status, the beginning of the body
    ("GET", "/", ()): (200, PAGE),
    ("HEAD", "/", ()): (200, b""),
    ("POST", "/", ()): (405, b""),
    ("GET", "/index.html", ()): (200, PAGE),
    ("GET", "/docs/", ()): (200, b"<h1>docs</h1>"),
    ("GET", "/deep/link", (("Accept", "text/html"),)): (200, PAGE),
    ("GET", "/assets/gone.js", ()): (404, b"there is no such file\n"),
    ("GET", HASHED, ()): (200, SCRIPT),
    ("GET", HASHED, (("Range", "bytes=4-8"),)): (206, b"a = 1"),
    ("GET", HASHED, (("Range", "bytes=99999-"),)): (416, b""),
    ("GET", "/.env", ()): (404, b"there"),
    ("GET", "/.well-known/security.txt", ()): (200, b"Contact"),
    ("GET", "/gr%C3%BCn.txt", ()): (200, b"green"),
    ("GET", "/link.txt", ()): (404, b"there"),
    ("GET", "/inside.txt", ()): (200, PAGE),
    ("GET", "/..%2foutside.txt", ()): (404, b"there"),
    ("GET", "/assets/", ()): (404, b"there"),
}


def ask(port, method, path, **headers):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    link.request(method, path, headers=ANY | headers)
    answer = link.getresponse()
    body = answer.read()
    link.close()
    told = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, {name: told[name] for name in TOLD if name in told}, body


@pytest.fixture
def pages(site, docker_engine):
    """Nothing of the container's image is anywhere before it is deployed, and nothing is pulled."""
    name, root = unique("static"), site.folder / "pages"
    files = {
        "index.html": PAGE, "docs/index.html": b"<h1>docs</h1>", HASHED[1:]: SCRIPT, ".env": b"SECRET=1",
        ".well-known/security.txt": b"Contact: x", "grün.txt": b"green",
    }  # fmt: skip
    for path, body in files.items():
        (root / "dist" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "dist" / path).write_bytes(body)
    (root / "outside.txt").write_bytes(b"outside")
    (root / "dist" / "link.txt").symlink_to("../outside.txt")
    (root / "dist" / "inside.txt").symlink_to("index.html")
    (site.folder / "fairlead.yaml").write_text(FILE.format(name=name, port=site.port, other=site.other))
    yield site, name
    for environment in ("local", "contained"):
        site.run("stop", environment)
    docker_engine.remove(name)
    assert docker_engine.left_of(name) == []


def test_both_runtimes_answer_the_same(pages, docker_engine):
    site, name = pages
    for environment in ("local", "contained"):
        done = site.run("deploy", environment)
        assert done.returncode == 0, done.stderr
    found = {port: {one: ask(port, *one[:2], **dict(one[2])) for one in ASKED} for port in (site.port, site.other)}
    for one, (status, beginning) in ASKED.items():
        got = found[site.port][one]
        assert (got[0], got[2][: len(beginning)]) == (status, beginning), one
        assert found[site.other][one] == got, one
    for port in (site.port, site.other):
        assert_kept_and_compressed(port)
    trials = site.json("edge", "test", "contained")["trials"]
    assert [one for one in trials if one["outcome"] != "passed"] == []
    assert {(one["route"], one["policy"]) for one in trials} == {(at, one) for at in TRIED for one in TRIED[at]}
    assert_careful(docker_engine, name)
    deploy_again_under_load(site)


def assert_kept_and_compressed(port):
    """By browsers: what never changes for ever, all else by its tag."""
    status, told, body = ask(port, "GET", HASHED, **{"Accept-Encoding": "gzip"})
    assert (status, told["content-encoding"], told["vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == SCRIPT
    assert "immutable" in told["cache-control"]
    tag = ask(port, "GET", "/")[1]["etag"]
    assert ask(port, "GET", "/", **{"If-None-Match": tag})[0] == 304


def assert_careful(engine, name):
    """As any other container: pinned, nobody's user, nothing to write to, no capability."""
    ours = [f"label=dev.fairlead.{key}" for key in (f"project={name}", "kind=instance")]
    ids = engine.lines("ps", "-q", *(word for one in ours for word in ("--filter", one)))
    assert len(ids) == 2
    for one in map(engine.inspect, ids):
        assert one["Config"]["Image"].startswith("sha256:")
        assert one["Config"]["User"] == "65532:65532"
        assert one["HostConfig"]["ReadonlyRootfs"] and one["HostConfig"]["CapDrop"] == ["ALL"]


def deploy_again_under_load(site):
    """Another release of the files: no request is lost, and the new ones are there."""
    (site.folder / "pages" / "dist" / "index.html").write_bytes(PAGE + b"2")
    mix = Mix(get=3, post=0, fresh=2, idle=1, slow=0, stream=0, websocket=0)
    options = Options(rate=60.0, app_header=None, paths=Paths(post=""))
    with Traffic(f"http://127.0.0.1:{site.other}", mix, options) as traffic:
        done = site.run("deploy", "contained")
        report = traffic.stop()
    assert done.returncode == 0, done.stderr
    assert report.losses == [] and report.lost == 0
    assert report.answered > 0
    assert ask(site.other, "GET", "/")[2] == PAGE + b"2"
