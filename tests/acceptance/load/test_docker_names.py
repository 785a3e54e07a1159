"""Services in containers ask each other by name before they are ready: also when nothing is live that answers."""

import shutil
import tempfile
from pathlib import Path

import pytest
from tests.docker_engine import images

from fairlead.demo.mix import Mix, Paths
from fairlead.demo.mix import Options as Clients
from fairlead.demo.sandbox import free_port
from fairlead.demo.traffic import Traffic
from fairlead.operations.deploy import Options, deploy
from fairlead.operations.environment import existing
from fairlead.operations.up import stop
from fairlead.project.loader import load_project
from fairlead.system.home import Place

SERVER = """
import http.server, os, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = os.environ.get("ASKS")
        try:
            said = urllib.request.urlopen(asked, timeout=2).read() if asked else b"well"
        except OSError as error:
            said = str(error).encode()
        self.send_response(200 if said == b"well" else 503)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
PROJECT = """\
name: {name}
services:
  web:
    image: {app}
    pull_policy: never
    command: python3 -u /app/server.py
    port: 8000
    health: {{ready: /, interval: 100ms, deadline: 60s}}
    routes: [/]
    env: {{ASKS: "http://api:8001/"}}
    volumes: ["./app:/app:ro"]
    stop: {{drain: 1s, grace: 1s}}
  api:
    like: web
    command: python3 -u /app/server.py
    port: 8001
    routes: []
    env: {{ASKS: "http://tax:8002/"}}
    volumes: ["./app:/app:ro"]
  tax:
    like: web
    command: python3 -u /app/server.py
    port: 8002
    routes: []
    env: {{ASKS: ""}}
    volumes: ["./app:/app:ro"]
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
"""


@pytest.fixture
def project(docker_engine, docker_project, monkeypatch):
    """Its folder is where any user may read it."""
    made = Path(tempfile.mkdtemp(prefix="fl-names-"))
    made.chmod(0o755)
    monkeypatch.setenv("FAIRLEAD_HOME", str(made / "home"))
    (made / "app").mkdir()
    (made / "app" / "server.py").write_text(SERVER)
    yield made, docker_project
    stop(Place.of(docker_project, "local"), wait=60)
    shutil.rmtree(made)


def test_a_first_deployment_whose_readiness_asks_others(docker_engine, project):
    folder, name = project
    text = PROJECT.format(name=name, port=free_port(), app=images()["app"])
    (folder / "fairlead.yaml").write_text(text)
    result = deploy(load_project(folder / "fairlead.yaml"), "local", Options(wait=60))
    assert_names_need_no_engine(docker_engine, name, result.release)


def assert_names_need_no_engine(docker_engine, name, release):
    """The engine answers for names, and while it is away nobody does: so they are known without it."""
    door = docker_engine.inspect(f"{name}-local-edge")["NetworkSettings"]["Networks"][f"{name}-local-backend"]
    one = f"{name}-local-web-{release}-1"
    known = docker_engine("exec", one, "cat", "/etc/hosts").stdout.split("\n")
    assert f"{door['IPAddress']}\tapi" in known, known
    with existing(Place.of(name, "local")) as environment:
        hosts = {each.host for each in environment.world.runtime.observe()}
    addresses = [docker_engine.inspect(f"{name}-local-{each}-{release}-1") for each in ("web", "api", "tax")]
    assert hosts == {each["NetworkSettings"]["Networks"][f"{name}-local-backend"]["IPAddress"] for each in addresses}


CLIENTS = Clients(rate=40, timeout=30.0, app_header=None, paths=Paths(post=""))
MIX = Mix(get=3, post=0, fresh=2, idle=2, slow=0, stream=0, websocket=0)
MOVED = {"web": "backend, own", "api": "own, far", "tax": "far"}  #: name → networks: who asks whom shares another one


CANARY = "canary, steps: [{weight: 20, for: 1s}, {weight: 60, for: 1s}], judge: {promote: {errors_below: 50%}}"


@pytest.mark.long(seconds=40)
@pytest.mark.parametrize("strategy", ["blue-green", CANARY, "rolling"], ids=["blue-green", "canary", "rolling"])
def test_services_that_move_to_other_networks_lose_no_request_of_each_other(project, strategy):
    """Each request of a user is one of `web` to `api`, and of `api` to `tax`; old and new are there side by side."""
    folder, name = project
    port = free_port()
    before = PROJECT.format(name=name, port=port, app=images()["app"]) + f"rollout: {{strategy: {strategy}}}\n"
    moved = before
    for one, networks in MOVED.items():
        moved = moved.replace(f"  {one}:\n", f"  {one}:\n    networks: [{networks}]\n")

    def deployed(text):
        (folder / "fairlead.yaml").write_text(text)
        return deploy(load_project(folder / "fairlead.yaml"), "local", Options(wait=60))

    deployed(before)
    with Traffic(f"http://127.0.0.1:{port}", MIX, CLIENTS) as traffic:
        deployed(moved)
        deployed(before.replace("deadline: 60s", "deadline: 61s"))
        report = traffic.stop()
    assert (report.lost, report.app_errors, set(report.statuses)) == (0, 0, {200}), report.losses[:5]
