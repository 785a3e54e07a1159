"""What the demo shows, in order. Each act says what must come of it; anything else ends the demo with an error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from fairlead.demo.commands import Events, deploy, killed_deployment
from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.outcome import Act, DemoReport
from fairlead.demo.report import TrafficReport
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.traffic import Traffic
from fairlead.errors import FairleadError

PROJECT = Path(__file__).with_name("project")
ROLLOUT = "{strategy: blue-green, keep: 3, rollback_window: 10m}"
CANARY = "{strategy: canary, steps: [{weight: 10, for: 2s}, {weight: 50, for: 2s}], keep: 3, rollback_window: 10m}"
MIX = Mix(get=4, post=2, fresh=1, idle=3, slow=2, stream=1, websocket=3)
TRAFFIC = Options(rate=120.0, paths=Paths(stream="/stream?seconds=5"), stream_seconds=5.0)
SMOKE = "\nsmoke: [{path: /health, contains: ok}]"  #: a check that version 4 passes: this one only its users can tell
BROKEN = "4-broken"
SWITCH = " 100 %, "  #: in the text of the step that gives everything to the new release
BREATH = 1.5  #: seconds of traffic between two acts, so that each version is seen at work


class Stage(Protocol):
    """Where it is shown."""

    def begin(self, title: str) -> None:
        """An act begins."""

    def end(self, act: Act) -> None:
        """An act went as told."""

    def watch(self, look: Callable[[], TrafficReport] | None) -> None:
        """From now on this tells what the traffic sees; None: there is no traffic any more."""


class Demo:
    """One performance, in a sandbox of the caller."""

    def __init__(self, sandbox: Sandbox, stage: Stage) -> None:
        self.sandbox = sandbox
        self.stage = stage
        self.report = DemoReport()

    def run(self) -> DemoReport:
        """All acts. FairleadError when something did not go as told."""
        begun = time.monotonic()
        edge = f"{{http: {self.sandbox.port}, address: 127.0.0.1}}"
        self.sandbox.copy(PROJECT, {"{http: 8080}": edge, ROLLOUT: ROLLOUT + SMOKE})
        self._first()
        with Traffic(self.sandbox.url, MIX, TRAFFIC) as traffic:
            self.stage.watch(traffic.snapshot)
            time.sleep(BREATH)
            for act in (self._blue_green, self._canary, self._broken, self._killed):
                act()
                self._require_nothing_lost(traffic.snapshot())
                time.sleep(BREATH)
            with self._act("All requests are answered") as said:
                self.report.traffic = report = traffic.stop()
                self._require_nothing_lost(report)
                self.stage.watch(None)
                said(f"{report.sent} requests sent, {report.lost} lost")
        self._require_versions(self.report.traffic)
        self._ledger()
        self._stop()
        self.report.seconds = time.monotonic() - begun
        return self.report

    @contextmanager
    def _act(self, title: str) -> Iterator[Callable[[str], None]]:
        """One act; what it is given to say comes with its time."""
        said: list[str] = []
        self.stage.begin(title)
        begun = time.monotonic()
        yield said.append
        act = Act(title, round(time.monotonic() - begun, 3), "; ".join(said))
        self.report.acts.append(act)
        self.stage.end(act)

    def _version(self, version: str) -> None:
        (self.sandbox.project / "app" / "VERSION").write_text(version + "\n")

    def _first(self) -> None:
        with self._act("Version 1: two replicas and a worker, deployed from nothing") as said:
            said(_told(deploy(self.sandbox)))

    def _blue_green(self) -> None:
        self._version("2")
        with self._act("Version 2, blue-green: beside the old one, then all users at once") as said:
            said(_told(deploy(self.sandbox)))

    def _canary(self) -> None:
        self._version("3")
        self.sandbox.change({ROLLOUT: CANARY})
        with self._act("Version 3, canary: 10 % of the users, then 50 %, then all") as said:
            said(_told(deploy(self.sandbox)))

    def _broken(self) -> None:
        """Comes up healthy and then answers errors: only users can tell."""
        self._version(BROKEN)
        events = Events()
        with self._act("Version 4, canary, is broken: healthy, but it answers users with errors") as said:
            outcome = self.sandbox.fairlead("deploy", self.sandbox.environment, "--json", on_line=events.read)
            if outcome.code != 1 or not events.at("undone"):
                raise FairleadError(f"the broken version was not rolled back: exit code {outcome.code}\n{events.said}")
            self.report.rolled_back = time_back(events)
            reason = str(events.first("failed").get("text", "")).splitlines()[0]
            said(f"rolled back by itself: {reason}")

    def _killed(self) -> None:
        self._version("5")
        self.sandbox.change({CANARY: ROLLOUT})
        with self._act("Version 5: the deployer gets SIGKILL right after the switch") as said:
            events = killed_deployment(self.sandbox, SWITCH)
            said(f"killed when all users were on {events.first('release').get('data', {}).get('release')}")
        self._finished()  # at once: the keeper would do it by itself within seconds

    def _finished(self) -> None:
        with self._act("The next command, or the keeper before it, finishes the work") as said:
            events = deploy(self.sandbox, "--wait", "300")
            recovered = events.first("recovered").get("text") or "the keeper had undone it already"
            said(f"{recovered}; version 5 is live")

    def _ledger(self) -> None:
        with self._act("The ledger is verified") as said:
            outcome = self.sandbox.fairlead("ledger", "verify", self.sandbox.environment, "--json")
            found = json.loads(outcome.require("the ledger does not verify").output)
            self.report.entries = found["size"]
            said(f"{found['size']} entries, root {found['root'][:16]}…")

    def _stop(self) -> None:
        with self._act("Everything is stopped and removed") as said:
            self.report.left_running = self.sandbox.close()
            if self.report.left_running:
                raise FairleadError(f"{self.report.left_running} processes outlived `fairlead stop`; they were ended")
            said("nothing is left running")

    def _require_nothing_lost(self, report: TrafficReport) -> None:
        self.report.traffic = report
        if report.lost:
            loss = report.losses[0]
            what = f"{report.lost} requests were lost, the first one: {loss.kind} {loss.method} {loss.path}"
            raise FairleadError(f"{what}: {loss.why}: {loss.detail}")
        if report.websocket.cut:
            raise FairleadError(f"{report.websocket.cut} WebSockets were cut: {report.websocket.cuts[0]}")

    def _require_versions(self, report: TrafficReport) -> None:
        """Every version was seen by users, and only the broken one gave errors."""
        missing = {"1", "2", "3", BROKEN, "5"} - set(report.versions)
        if missing:
            raise FairleadError(f"no user ever saw version {', '.join(sorted(missing))}")
        wrong = [name for name, totals in report.versions.items() if totals.app_errors and name != BROKEN]
        if wrong:
            raise FairleadError(f"version {', '.join(wrong)} answered with errors")


def _told(events: Events) -> str:
    result = events.first("result")
    report = result.get("report", {})
    return f"live after {result.get('seconds', 0):.1f} s; the edge counted {report.get('lost', '?')} lost requests"


def time_back(events: Events) -> float:
    """Seconds from the decision to go back to the edge having everybody on the old release."""
    decided = events.at("failed")
    later = [one for one in events.documents if one.get("kind") == "traffic" and one.get("time", "") > _stamp(events)]
    if not later or not decided:
        return 0.0
    back = Events([later[0]]).at("traffic")
    return back - decided


def _stamp(events: Events) -> str:
    return str(events.first("failed").get("time", ""))
