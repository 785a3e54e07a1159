"""The same application under the same load, deployed by Fairlead and by a hand-made nginx blue-green script."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import projects
from tables import Table

from fairlead.demo.mix import Mix, Options
from fairlead.demo.report import TrafficReport
from fairlead.demo.sandbox import free_port
from fairlead.demo.traffic import Traffic

HAND_MADE = Path(__file__).with_name("handmade")
PAUSE = 3.0  #: seconds between two deployments
Deploy = Callable[[int], None]
Setting = Callable[[str], Iterator[tuple[str, Deploy]]]


@dataclass(frozen=True)
class Scenario:
    """An application under a load."""

    title: str
    command: str
    mix: Mix
    deployments: int
    traffic: Options


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
        rows.append(_row("Fairlead, blue-green", scenario, *_under_load(_fairlead, scenario)))
        if shutil.which("nginx"):
            rows.append(_row("script, `nginx -s reload`", scenario, *_under_load(_nginx, scenario)))
        else:
            rows.append((scenario.title, "nginx is not installed (`apt-get install nginx-light`)", *[""] * 6))
    note = (
        f"Deployments in a row, {PAUSE:g} s apart, of the sample applications of the tests, two replicas each. "
        "The script is `benchmarks/handmade/deploy.sh`: start the idle slot, wait until it is healthy, rewrite the "
        "upstream, reload, wait 5 s, SIGTERM to the old slot. Its time contains those 5 s and its wait for the old "
        "slot to end, streams and all. Fairlead keeps the old release for its window, and the keeper ends it once the "
        "edge holds no connection to it, or after `drain`."
    )
    header = ("application", "deployed by", "deployments", "requests", "lost", "of which", "WebSockets cut",
              "time, s (median, worst)")  # fmt: skip
    return [Table("Against a hand-made nginx script", header, rows, note)]


def _row(name: str, scenario: Scenario, report: TrafficReport, times: list[float]) -> tuple[str, ...]:
    kinds = Counter(f"{loss.method} {loss.why}" for loss in report.losses)
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    cut = f"{report.websocket.cut} of {report.websocket.opened}" if report.websocket.opened else ""
    return (
        scenario.title, name, str(scenario.deployments), str(report.sent), str(report.lost), shown, cut,
        f"{statistics.median(times):.1f}, {max(times):.1f}",
    )  # fmt: skip


def _under_load(setting: Setting, scenario: Scenario) -> tuple[TrafficReport, list[float]]:
    times = []
    with contextmanager(setting)(scenario.command) as (url, deploy):
        deploy(0)
        with Traffic(url, scenario.mix, scenario.traffic) as traffic:
            for version in range(1, scenario.deployments + 1):
                time.sleep(PAUSE)
                begun = time.monotonic()
                deploy(version)
                times.append(time.monotonic() - begun)
            time.sleep(PAUSE)
            report = traffic.stop()
    if len(report.versions) != scenario.deployments + 1:
        raise SystemExit(f"not every version was seen: {sorted(report.versions)}")
    return report, times


def _fairlead(command: str) -> Iterator[tuple[str, Deploy]]:
    with projects.sandbox() as made:

        def deploy(version: int) -> None:
            projects.write(made, version, window="2s", command=command)
            projects.run(made, "deploy", "local")

        yield made.url, deploy


def _nginx(command: str) -> Iterator[tuple[str, Deploy]]:
    folder = Path(tempfile.mkdtemp(prefix="bench-nginx-"))
    port, *slots = (free_port() for _ in range(5))
    text = (HAND_MADE / "nginx.conf").read_text().replace("@FOLDER@", str(folder)).replace("@PORT@", str(port))
    (folder / "nginx.conf").write_text(("user root;\n" if os.geteuid() == 0 else "") + text)

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
