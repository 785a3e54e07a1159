"""Projects to measure: the sample application of the tests on uvicorn, without `prepare`, in a sandbox."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairlead.demo.sandbox import Sandbox

APPS = Path(__file__).resolve().parents[1] / "tests" / "apps"
UVICORN = f"{sys.executable} -m uvicorn asgi:app --host 127.0.0.1 --port ${{PORT}} --log-level warning"
SYNC = f"{sys.executable} -m gunicorn wsgi:app --bind 127.0.0.1:${{PORT}} --no-control-socket --log-level warning"
SERVICE = """\
  {name}:
    source: ./app
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 200ms}}
    routes: ["{path}"]
    replicas: {replicas}
    env: {{VERSION: "{version}"}}
    stop: {{drain: 25s, grace: 30s}}
"""
CONTAINERS = """\
name: {name}
services:
  web:
    image: {image}
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 200ms}}
    routes: [/]
    replicas: 2
    env: {{VERSION: "{version}"}}
    stop: {{drain: 25s, grace: 30s}}
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
rollout: {{strategy: blue-green, keep: 3, rollback_window: {window}}}
"""
IN_CONTAINER = "uvicorn asgi:app --host 0.0.0.0 --port 8000 --log-level warning"
FILE = """\
name: bench
services:
{services}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
rollout: {{strategy: blue-green, keep: 3, rollback_window: {window}}}
"""


@contextmanager
def sandbox(name: str = "bench") -> Iterator[Sandbox]:
    """An empty one for a project of that name; nothing of it stays."""
    with Sandbox(Path(tempfile.mkdtemp(prefix="fairlead-bench-")), name) as made:
        shutil.copytree(APPS, made.project / "app", ignore=shutil.ignore_patterns("__pycache__"))
        yield made


def write(
    made: Sandbox, version: int, services: int = 1, replicas: int = 2, window: str = "10m", command: str = UVICORN
) -> None:
    """The project file: the first service has all users, each other one a path of its own."""
    text = "".join(
        SERVICE.format(
            name=f"web{number}", path=f"/{number}" if number else "/", replicas=replicas, version=version,
            command=command,
        )
        for number in range(services)
    )  # fmt: skip
    (made.project / "fairlead.yaml").write_text(FILE.format(services=text.rstrip(), port=made.port, window=window))


def write_containers(
    made: Sandbox, name: str, image: str, version: int, window: str = "10m", command: str = IN_CONTAINER
) -> None:
    """The project file of one service, two containers of the image."""
    text = CONTAINERS.format(name=name, image=image, version=version, window=window, command=command, port=made.port)
    (made.project / "fairlead.yaml").write_text(text)


def run(made: Sandbox, *arguments: str) -> tuple[float, list[dict[str, Any]]]:
    """One command: its wall time in seconds, and its JSON lines. Whatever fails ends the benchmark."""
    outcome = made.fairlead(*arguments, "--json").require("the benchmark's own command failed")
    lines = [line for line in outcome.output.splitlines() if line.startswith("{") and line.endswith("}")]
    return outcome.seconds, [json.loads(line) for line in lines]
