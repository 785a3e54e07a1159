"""Rendered files run without Fairlead: the real supervisord and the real Traefik take them as they are."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import asking
import pytest
from running import eventually, free_port
from tests.commands import python

from fairlead.edges.traefik.edge import traefik_binary
from fairlead.operations.render import render
from fairlead.project.loader import load_project

pytestmark = pytest.mark.real

FILE = """\
name: shop
variables: {{NOTE: 100% hello}}
templates: [{{from: note.template.txt, to: www/note.txt}}]
services:
  web:
    source: ./app
    command: {serve}
    port: 8000
    routes: [/]
    env: {{NOTE: "${{NOTE}}", SAID: {said}}}
environments: {{local: {{edge: {{http: {port}, address: 127.0.0.1}}}}}}
"""


def replaced(folder, ports):
    """The stand-ins for ports, which others on this machine may use."""
    for path in folder.rglob("*"):
        if path.suffix in (".conf", ".yml"):
            path.write_text(re.sub(r"\b1900[01]\b", lambda one: str(ports[one.group()]), path.read_text()))


def environments(supervisord):
    """SAID of every process that supervisord has started."""
    tasks = Path(f"/proc/{supervisord}/task/{supervisord}/children").read_text().split()
    found = [Path(f"/proc/{pid}/environ").read_text().split("\0") for pid in tasks]
    return [one.removeprefix("SAID=") for each in found for one in each if one.startswith("SAID=")]


@pytest.fixture
def short():
    """A folder with a name that leaves room for supervisord's socket in it, which the kernel gives 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        yield Path(folder)


def test_they_run_as_they_are(short):
    serve = python("-m http.server ${PORT} --bind 127.0.0.1 --directory ${FILES}/www")
    said = """ 'a' "b" , %c \\\\ ;d #e """
    edge, ports = free_port(), {"19000": free_port(), "19001": free_port()}
    (short / "app").mkdir()
    (short / "fairlead.yaml").write_text(FILE.format(serve=serve, port=edge, said=json.dumps(said)))
    (short / "note.template.txt").write_text("${NOTE} in ${ENVIRONMENT}\n")
    folder = render(load_project(short / "fairlead.yaml"), "local").folder
    replaced(folder, ports)
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    supervisord = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", "supervisord.conf"]
    traefik = [traefik_binary(), "--configFile=traefik.yml"]
    started = [
        subprocess.Popen(supervisord, cwd=folder / "supervisord", **options),
        subprocess.Popen(traefik, cwd=folder / "traefik", **options),
    ]
    try:
        eventually(lambda: asking.ask(edge, "/note.txt", timeout=5).status == 200)
        assert asking.ask(edge, "/note.txt", timeout=5).body == b"100% hello in local\n"
        assert said in environments(started[0].pid)
    finally:
        started[0].terminate()  # ends its programs first
        started[0].wait(300)
        os.killpg(started[1].pid, signal.SIGKILL)
        started[1].wait(300)
