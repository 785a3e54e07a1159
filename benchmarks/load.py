"""How long it takes to read a project, whatever its size: load, validate, render, and check its environments."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tables import Table, median

from fairlead.operations.render import render
from fairlead.project.loader import FILE, load_project
from fairlead.project.parity import drift

SIZES = (5, 50, 100, 200)
WANTED = {5: "≤ 0.5", 200: "≤ 3"}
TIMES = 3
HEAD = """\
name: bench
variables:
  LEVEL: {type: enum, values: [debug, info], default: info}
  POOL: {type: int, default: 5}
secrets: {KEY: {generate: hex}}
stores: {db: {kind: postgres, max_connections: 10000}}
services:
"""
SERVICE = """\
  web-{number}:
    source: ./app
    build: {{context: ./app}}
    command: serve --port ${{PORT}} --level ${{LEVEL}}
    port: 8000
    health: {{ready: /health, live: /live, interval: 1s}}
    routes: [{{path: /{number}, host: shop.example.com}}]
    networks: [backend]
    uses: [db]
    pools: {{db: {{size: "${{POOL}}"}}}}
    env: {{LEVEL: "${{LEVEL}}", NAME: web-{number}, VERSION: 1.50}}
    secrets: [KEY]
    replicas: 2
    resources: {{cpu: 1, memory: 512M}}
    needs: [{needs}]
"""
ENVIRONMENT = """\
  stage-{number}: {{runtime: docker, edge: {{http: {port}}}, variables: {{LEVEL: debug, POOL: {pool}}}}}
"""


def project(services: int, environments: int) -> str:
    """A project file with so many of both."""
    some = "".join(
        SERVICE.format(number=number, needs=f"web-{number - 1}" if number else "") for number in range(services)
    )
    stages = (ENVIRONMENT.format(number=n, port=8080 + n, pool=n + 1) for n in range(environments))
    return HEAD + some + "environments:\n" + "".join(stages)


def _seconds(action: Callable[[], object]) -> float:
    """Of the processor, this process and its children: nothing is waited for here."""

    def once() -> float:
        begun = _spent()
        action()
        return _spent() - begun

    return median(once, TIMES)


def measure() -> list[Table]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as name:
        folder = Path(name)
        (folder / "app").mkdir()
        file = folder / FILE
        for size in SIZES:
            rows.append(_row(file, size))
    note = (
        "Five environments each. Load: read and validate all of them. The command: `fairlead render stage-0` as it is "
        "typed, start-up and all. Parity: what differs between the five. "
        f"Medians of {TIMES}, in seconds of the processor."
    )
    head = ("services", "KiB", "load, s", "load and render, s", "the command, s", "wanted", "parity, s")
    return [Table("Reading a project", head, rows, note)]


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _render(file: Path) -> object:
    return render(load_project(file), "stage-0")


def _row(file: Path, size: int) -> tuple[str, ...]:
    file.write_text(project(size, 5))
    loaded = load_project(file)
    argv = [sys.executable, "-I", "-m", "fairlead", "render", "stage-0"]
    figures = (
        _seconds(lambda: load_project(file)),
        _seconds(lambda: _render(file)),
        _seconds(lambda: subprocess.run(argv, cwd=file.parent, check=True, capture_output=True)),
        _seconds(lambda: drift(loaded)),
    )
    load, rendered, command, parity = (f"{seconds:.2f}" for seconds in figures)
    return str(size), f"{file.stat().st_size / 1024:.0f}", load, rendered, command, WANTED.get(size, ""), parity
