"""The same application under the same load, deployed by Fairlead and by a hand-made nginx blue-green script."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import projects
from loaded import HAND_MADE, HEADER, PAUSE, Deploy, Scenario, row, under_load
from tables import Table

from fairlead.demo.mix import Mix, Options
from fairlead.demo.sandbox import free_port

SCENARIOS = (
    Scenario(
        "uvicorn, all kinds of requests", projects.UVICORN,
        Mix(get=6, post=6, fresh=2, idle=24, slow=4, stream=4, websocket=10), 6, Options(rate=150.0, timeout=30.0),
    ),
    Scenario(
        "gunicorn, one sync worker each, saturated by 3 s responses", projects.SYNC,
        Mix(get=1, post=1, fresh=1, idle=0, slow=8, stream=0, websocket=0), 6, Options(rate=20.0, timeout=90.0),
    ),
)  # fmt: skip


def measure() -> list[Table]:
    rows = []
    for scenario in SCENARIOS:
        rows.append(row("Fairlead, blue-green", scenario, *under_load(_fairlead, scenario)))
        if shutil.which("nginx"):
            rows.append(row("script, `nginx -s reload`", scenario, *under_load(_nginx, scenario)))
        else:
            rows.append((scenario.title, "nginx is not installed (`apt-get install nginx-light`)", *[""] * 6))
    note = (
        f"Deployments in a row, {PAUSE:g} s apart, of the sample applications of the tests, two replicas each. "
        "The script is `benchmarks/handmade/deploy.sh`: start the idle slot, wait until it is healthy, rewrite the "
        "upstream, reload, wait 5 s, SIGTERM to the old slot. Its time contains those 5 s and its wait for the old "
        "slot to end, streams and all. Fairlead keeps the old release for its window, and the keeper ends it once the "
        "edge holds no connection to it, or after `drain`."
    )
    return [Table("Against a hand-made nginx script", HEADER, rows, note)]


def _fairlead(command: str) -> Iterator[tuple[str, Deploy]]:
    with projects.sandbox() as made:

        def deploy(version: int) -> None:
            projects.write(made, version, window="2s", command=command)
            projects.run(made, "deploy", "local")

        yield made.url, deploy


def configure(folder: Path, port: int) -> None:
    """nginx.conf for a folder; nginx listens at that port of the loopback."""
    text = (HAND_MADE / "nginx.conf").read_text().replace("@FOLDER@", str(folder)).replace("@PORT@", str(port))
    (folder / "nginx.conf").write_text(("user root;\n" if os.geteuid() == 0 else "") + text)


def _nginx(command: str) -> Iterator[tuple[str, Deploy]]:
    folder = Path(tempfile.mkdtemp(prefix="bench-nginx-"))
    port, *slots = (free_port() for _ in range(5))
    configure(folder, port)

    def deploy(version: int) -> None:
        arguments = [str(folder), str(projects.APPS), command, str(version), *map(str, slots)]
        subprocess.run([str(HAND_MADE / "deploy.sh"), *arguments], check=True)

    try:
        yield f"http://127.0.0.1:{port}", deploy
    finally:
        for path in (*folder.glob("*.pids"), *folder.glob("nginx.pid")):
            for pid in path.read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
        time.sleep(1)  # nginx writes to its folder until the end
        shutil.rmtree(folder, ignore_errors=True)
