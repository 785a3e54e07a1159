"""The demo fails when one request is lost, whatever else went well."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.demo.acts import Demo
from fairlead.demo.outcome import DemoReport
from fairlead.demo.report import Loss, TrafficReport, WebSocketTotals
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.stage import Lines
from fairlead.errors import FairleadError

LOSS = Loss(0.0, "get", "GET", "/", "refused", "nobody listens", 0.1)


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        (TrafficReport(sent=5000, lost=1, losses=[LOSS]), "1 requests were lost, the first one: get GET /: refused"),
        (
            TrafficReport(sent=5000, websocket=WebSocketTotals(opened=3, cut=1, cuts=["closed"])),
            "1 WebSockets were cut",
        ),
    ],
)
def test_one_loss_fails_it(tmp_path: Path, traffic: TrafficReport, said: str) -> None:
    demo = Demo(Sandbox(tmp_path, "quickstart"), Lines())
    with pytest.raises(FairleadError, match=said):
        demo._require_nothing_lost(traffic)
    assert not demo.report.ok and demo.report.to_data()["ok"] is False


def test_errors_of_the_application_alone_do_not() -> None:
    report = DemoReport(traffic=TrafficReport(sent=5000, app_errors=13), left_running=0)
    assert report.ok
    report.left_running = 1
    assert not report.ok
