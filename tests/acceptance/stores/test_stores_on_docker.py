"""A whole system on Docker: stores before services, back after a kill, a stop and a start, with what they kept."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.docker_engine import DockerEngine, images, unique, why_not

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until
from fairlead.system.http import get

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=40)]

APP = """
import http.server, os, socket
from urllib.parse import urlsplit

def there(variable):
    url = urlsplit(os.environ[variable])
    socket.create_connection((url.hostname, url.port), 2).close()
    return url.hostname

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = " ".join(map(there, ("DATABASE_URL", "REDIS_URL", "S3_URL", "SCANNER_URL")))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said.encode())

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
    command: python3 -u /app/app.py
    port: 8000
    health: {{ready: /health, deadline: 60s}}
    routes: [/]
    uses: [db, cache, files, scanner]
    volumes: ["./app:/app:ro"]
stores:
  db: {{kind: postgres, image: "{postgres}", databases: {{shop: {{migrations: db}}}}}}
  cache: {{kind: redis, image: "{redis}", maxmemory: 64M}}
  files: {{kind: s3, image: "{s3}", buckets: [uploads]}}
  scanner: {{kind: container, preset: clamav, image: "{clamav}", port: 3310, networks: [backend, outgoing]}}
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
"""


@pytest.fixture
def site():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made, name, port = Path(tempfile.mkdtemp(prefix="fl-docker-")), unique("stores"), free_port()
    (made / "app").mkdir()
    (made / "app" / "app.py").write_text(APP)
    (made / "db").mkdir()
    (made / "db" / "V1__init.sql").write_text("CREATE TABLE orders (number int);\n")
    (made / "fairlead.yaml").write_text(PROJECT.format(name=name, port=port, **images()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    yield made, env, name, port
    subprocess.run(["fairlead", "stop", "local"], cwd=made, env=env, check=False, capture_output=True)
    DockerEngine().remove(name)
    shutil.rmtree(made, ignore_errors=True)


def test_it_comes_up_and_comes_back(site):
    folder, env, name, port = site

    def fairlead(*words):
        done = subprocess.run(["fairlead", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answers():
        return get(port, "/", 60).body == b"db cache files scanner"

    fairlead("secrets", "init", "local")
    fairlead("deploy", "local")
    assert answers()
    fairlead("db", "migrate", "local")

    docker = DockerEngine()
    docker("kill", f"{name}-local-cache")  # which counts as stopped by hand for the engine
    assert wait_until(lambda: '"problems": []' in fairlead("status", "local", "--json"), 60, every=0.5, most=1)
    before = docker.inspect(f"{name}-local-db")["Id"]
    fairlead("deploy", "local", "--message", "again")
    assert docker.inspect(f"{name}-local-db")["Id"] == before

    fairlead("stop", "local")
    assert not docker.inspect(f"{name}-local-db")["State"]["Running"]
    fairlead("up", "local")
    assert answers()
    assert "version 1, 0 pending" in fairlead("db", "status", "local")
