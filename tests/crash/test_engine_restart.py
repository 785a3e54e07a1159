"""The engine restarted in the middle of a deployment under load: an engine of our own, and users on another machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fairlead.demo.mix import Mix, Options
from fairlead.demo.traffic import Traffic
from fairlead.ledger import Ledger, verify
from fairlead.system.clock import wait_until
from fairlead.system.http import get
from tests.docker_engine import images, own_engine, unique

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=60, sampled=False)]

SERVER = """
import http.server, os, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = os.environ.get("ASKS")
        try:
            said = urllib.request.urlopen(asked, timeout=15).read() if asked and self.path == "/" else b"well"
        except OSError as error:
            said = str(error).encode()
        self.answer(200 if said == b"well" else 500, said)

    def do_POST(self):
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status, said):
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Version", os.environ["VERSION"])
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

Server(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
PROJECT = """\
name: {name}
services:
  web:
    image: {app}
    pull_policy: never
    command: python3 -u /app/server.py
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 60s}}
    routes: [/]
    replicas: 2
    env: {{ASKS: "http://api:8001/", VERSION: "{version}"}}
    volumes: ["./app:/app:ro"]
    stop: {{drain: 5s, grace: 2s}}
  api:
    like: web
    command: python3 -u /app/server.py
    port: 8001
    routes: []
    env: {{ASKS: "", VERSION: "{version}"}}
    volumes: ["./app:/app:ro"]
environments:
  local: {{runtime: docker, edge: {{http: 8080}}}}
rollout:
  strategy: canary
  steps: [{{weight: 20, for: 2s}}, {{weight: 60, for: 2s}}]
  judge: {{promote: {{errors_below: 50%}}}}
  rollback_window: 2s
"""
COMES_AGAIN = ["iptables", "-A", "INPUT", "-p", "tcp", "--syn", "--dport", "8080", "-j", "DROP"]
"""What comes while the engine writes its rules anew is not refused: its client sends it again after a second."""


class Site:
    """A project on an engine of its own."""

    def __init__(self, engine):
        self.engine, self.name, self.version = engine, unique("restart"), 0
        self.folder = Path(tempfile.mkdtemp(prefix="fl-restart-"))
        self.folder.chmod(0o755)
        (self.folder / "app").mkdir()
        (self.folder / "app" / "server.py").write_text(SERVER)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = engine.environment | {"FAIRLEAD_HOME": str(self.folder / "home"), "PATH": path, "NO_COLOR": "1"}

    @property
    def ledger(self):
        return self.folder / "home" / self.name / "local" / "ledger.db"

    def begin(self, *words):
        """A command that goes on; deployments are of another version each."""
        self.version += 1
        text = PROJECT.format(name=self.name, version=self.version, app=images()["app"])
        (self.folder / "fairlead.yaml").write_text(text)
        argv = ["fairlead", *words, "local", "--yes"]
        with self.engine.inside():
            return subprocess.Popen(
                argv, cwd=self.folder, env=self.env, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )

    def run(self, *words):
        process = self.begin(*words)
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said

    def version_served(self):
        """Of what answers now; empty when nobody does."""
        with self.engine.inside():
            answer = get(8080, "/", 5)
        return answer.headers.get("x-version", "") if answer.ok else ""

    def last(self, kind):
        with Ledger.open(self.ledger) as ledger:
            assert verify(ledger)
            found = ledger.last(kind)
            return found.data if found else {}

    def close(self):
        with self.engine.inside():
            subprocess.run(["fairlead", "stop", "local", "--yes"], cwd=self.folder, env=self.env, check=False,
                           capture_output=True)  # fmt: skip
        shutil.rmtree(self.folder)


@pytest.fixture
def site(request, docker_engine):
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    with own_engine(*request.param, images=[images()["app"], images()["traefik"]]) as engine:
        made = Site(engine)
        try:
            made.run("deploy")
            yield made
        finally:
            made.close()


def restarted_in_the_middle(site):
    """A deployment of version 2, and the engine ended when users are on both versions. What the deployment said."""
    deploying = site.begin("deploy")
    lines = []
    for line in deploying.stderr:
        lines.append(line)
        if "judge" in line or "watch" in line:
            break
    else:
        raise AssertionError("".join(lines))
    site.engine.restart()
    lines += deploying.stderr.readlines()
    deploying.wait(300)
    return "".join(lines)


@pytest.mark.parametrize("site", [("--live-restore", "--userland-proxy=false")], indirect=True)
def test_with_live_restore_nothing_is_lost(site):
    with site.engine.inside():
        subprocess.run(COMES_AGAIN, check=True)
    with site.engine.outside() as address:
        mix = Mix(get=2, post=2, fresh=2, idle=0, slow=0, stream=0, websocket=0)
        with Traffic(f"http://{address}:8080", mix, Options(rate=40, timeout=30.0)) as traffic:
            said = restarted_in_the_middle(site)
            site.run("deploy")
            report = traffic.stop(wait=30)
    print(f"{report.sent} requests, {report.lost} lost, {report.app_errors} errors")
    assert (report.lost, report.app_errors) == (0, 0), (report.losses[:5], said)
    assert site.version_served() == str(site.version)


@pytest.mark.parametrize("site", [("--userland-proxy=false",)], indirect=True)
def test_without_live_restore_all_comes_back_by_itself(site):
    said = restarted_in_the_middle(site)
    assert wait_until(lambda: site.version_served() in ("1", "2"), 120), said
    assert wait_until(lambda: site.last("rollout.closed"), 120), said
    site.run("deploy")
    assert site.version_served() == str(site.version)
