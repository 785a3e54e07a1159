"""What an engine asks a container by itself."""

import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fairlead.project.project import parse_project
from fairlead.render.compose import compose_project
from fairlead.render.instances import healthcheck

FILE = """\
name: shop
services:
  api: {image: shop, port: 8000, health: {ready: /health, timeout: 3s, interval: 20s, ENGINE}}
  web: {image: shop, port: 80, needs: [api]}
environments: {production: {runtime: docker}}
"""
PATH = "http://127.0.0.1:8000/health"


def outline(engine):
    return parse_project(FILE.replace(", ENGINE", engine), Path("/p")).outline("production")


@pytest.mark.parametrize(
    ("engine", "asked", "composed", "waited"),
    [
        ("", None, "CMD-SHELL", "service_healthy"),
        (", engine: http", "CMD-SHELL", "CMD-SHELL", "service_healthy"),
        (", engine: 'check ${PORT}'", "CMD", "CMD", "service_healthy"),
        (", command: ready, engine: check", "CMD", "CMD", "service_healthy"),
        (", command: ready", "CMD", "CMD", "service_healthy"),
        (", engine: off", "NONE", "NONE", "service_started"),
        (", command: ready, engine: off", "NONE", "NONE", "service_started"),
    ],
)
def test_as_the_file_says(engine, asked, composed, waited):
    """Fairlead's own readiness is another question, so nothing is asked twice unless somebody says so."""
    stack = outline(engine)
    api = stack.service("api")
    found = healthcheck(api.health, {"PORT": "8000"}, api.port)
    assert (found.test[0] if found else None) == asked
    document = compose_project(stack)["services"]
    assert document["api"]["healthcheck"]["test"][0] == composed
    assert document["web"]["depends_on"]["api"]["condition"] == waited


def test_requests_go_where_it_listens_at_most_each_five_seconds():
    api = outline(", engine: http").service("api")
    found = healthcheck(api.health, {}, api.port)
    assert found.test[1].count(PATH) == 4 and (found.interval, found.timeout) == (20.0, 3.0)
    told = outline(", engine: 'check ${PORT}'").service("api").health
    assert healthcheck(told, {"PORT": "7"}, 7).test[1:] == ("check", "7")


@contextmanager
def answering(status):
    """A server that says that to everybody; its port."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_an_image_with_bash_alone_is_asked_too(status, code, tmp_path):
    for name in ("sh", "bash"):
        (tmp_path / name).symlink_to(shutil.which(name))
    api = outline(", engine: http").service("api")
    with answering(status) as port:
        _, line = healthcheck(api.health, {}, port).test
        done = subprocess.run(
            [tmp_path / "sh", "-c", line], env={"PATH": str(tmp_path)}, capture_output=True, check=False
        )
    assert done.returncode == code, done.stderr
