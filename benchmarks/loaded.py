"""One application under one load, deployed several times in a row by whatever there is to compare."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.demo.mix import Mix, Options
from fairlead.demo.report import TrafficReport
from fairlead.demo.traffic import Traffic

HAND_MADE = Path(__file__).with_name("handmade")
PAUSE = 3.0  #: seconds between two deployments
HEADER = ("application", "deployed by", "deployments", "requests", "lost", "of which", "WebSockets cut",
          "time, s (median, worst)")  # fmt: skip
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


def row(name: str, scenario: Scenario, report: TrafficReport, times: list[float]) -> tuple[str, ...]:
    kinds = Counter(f"{loss.method} {loss.why}" for loss in report.losses)
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    cut = f"{report.websocket.cut} of {report.websocket.opened}" if report.websocket.opened else ""
    return (
        scenario.title, name, str(scenario.deployments), str(report.sent), str(report.lost), shown, cut,
        f"{statistics.median(times):.1f}, {max(times):.1f}",
    )  # fmt: skip


def under_load(setting: Setting, scenario: Scenario) -> tuple[TrafficReport, list[float]]:
    """What the traffic saw, and the seconds of each deployment but the first.

    `setting` gets the command of the application; it gives the address and what deploys a version. The first
    deployment has to be ready when it returns: the traffic starts then.
    """
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
