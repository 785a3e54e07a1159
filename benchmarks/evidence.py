"""What a bad release does to users until it is found, on real processes behind the real edge; and what judging costs.

One run of each case, at several levels of traffic. How often a bad release is found, and how the usual rules fare with
the same requests, is the simulation's part (`verdicts`): there is no time here to do it a thousand times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import projects
from evidence_cost import cost
from tables import Table

from fairlead.demo.mix import Mix, Options
from fairlead.demo.report import TrafficReport, VersionTotals
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.traffic import Traffic
from fairlead.ledger import Ledger
from fairlead.rollout.journal import VERDICT
from fairlead.rollout.state import WATCH_ENDED

LEVELS = (2, 10, 60, 150)  #: requests a second, of all users together
SIDE_BY_SIDE = ((2,), (10,), (60, 150))  #: those that leave the machine idle run beside the others
CAP = 90  #: seconds after which a case is over, found or not
BEFORE, AFTER, GOOD = 5.0, 1.5, 3.0  #: seconds of traffic: before a deployment, after its end, before it goes bad
POLL = 0.02  #: seconds; how exactly the first bad answer is timed
PROBES = "probes: {requests: [{path: /}]}"
CANARY = f"strategy: canary, steps: [{{weight: 25, for: {CAP}s}}], judge: {{insufficient: abort, {PROBES}}}, watch: off"
WATCHED = f"strategy: blue-green, judge: {{{PROBES}}}, watch: {{for: {CAP}s}}"


@dataclass(frozen=True)
class Case:
    """One way to be bad.

    `env` is for `tests/apps/asgi.py`; without, every answer is an error from the moment on when it is told so. `slow`:
    every answer is bad, though none is an error.
    """

    title: str
    env: dict[str, str] = field(default_factory=dict)
    slow: bool = False

    def bad(self, seen: VersionTotals | None) -> int:
        """How many bad answers users got."""
        return 0 if seen is None else seen.answers if self.slow else seen.app_errors


@dataclass(frozen=True)
class Found:
    """What came of a case."""

    seconds: float | None  #: from the first bad answer to the last answer of the release; None: not found
    bad: int  #: answers that users got
    cause: str  #: of the verdict
    sent: int
    lost: int


CASES = (
    Case("canary at 25 %, 5 % errors", {"FAIL_SHARE": "20"}),
    Case("canary at 25 %, every answer an error"),
    Case("canary at 25 %, 300 ms slower", {"SLOWER": "0.3"}, slow=True),
)
LATER = Case(f"all users, every answer an error from {GOOD:g} s after the switch")


def measure() -> list[Table]:
    with ThreadPoolExecutor(len(SIDE_BY_SIDE)) as pool:
        parts = list(pool.map(lambda rates: {rate: _level(rate) for rate in rates}, SIDE_BY_SIDE))
    found = {rate: row for part in parts for rate, row in part.items()}
    return [_table(found), cost()]


def _table(found: dict[int, dict[str, Found]]) -> Table:
    rows = [(case.title, *(_cell(found[rate][case.title]) for rate in LEVELS)) for case in (*CASES, LATER)]
    every = [one for level in found.values() for one in level.values()]
    note = (
        "From the first bad answer that a user got to the last answer of that release to a user; bad answers that "
        f"users got until then; what the verdict was given for. After {CAP} s a case is over, found or not. One run "
        "each, with 10 probes a minute of `/`, two replicas, and an old release that has been live for minutes only. "
        "Where every answer of a canary is an error, that begins after its first answer: one that is so from the "
        "start gets no user. "
        f"{sum(one.lost for one in every)} of {sum(one.sent for one in every)} requests lost."
    )
    header = ("the new release", *(f"{rate} requests/s" for rate in LEVELS))
    return Table("Until users are rid of a bad release: s / bad answers", header, rows, note)


def _cell(one: Found) -> str:
    if one.seconds is None:
        return f"not within {CAP} s / {one.bad}"
    return f"{one.seconds:.1f} / {one.bad} ({one.cause})"


def _level(rate: int) -> dict[str, Found]:
    """All cases with so many requests a second, in a project of its own. The old release comes back each time."""
    with projects.sandbox() as made:
        _write(made, 1, CANARY, {})
        projects.run(made, "deploy", "local")
        found = {case.title: _canary(made, rate, number, case) for number, case in enumerate(CASES, 2)}
        return found | {LATER.title: _watch(made, rate, len(CASES) + 2)}


def _canary(made: Sandbox, rate: int, version: int, case: Case) -> Found:
    """The deployment is undone in any case: at the end of its time for want of evidence."""
    bad_when = _write(made, version, CANARY, case.env)
    with _users(made, rate) as traffic, _Verdicts(made) as verdicts, ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(made.fairlead, "deploy", "local")
        while not (deploying.done() or str(version) in traffic.snapshot().versions):
            time.sleep(POLL)
        bad_when.touch()
        first = _first_bad(traffic, str(version), case, deploying.done)
        report = _stopped(traffic)
        if (outcome := deploying.result()).code != 1:
            raise SystemExit(f"{case.title}: the deployment was to be undone, its exit code is {outcome.code}")
        return _found(report, str(version), case, first, verdicts.last())


def _watch(made: Sandbox, rate: int, version: int) -> Found:
    """The keeper goes back by itself; the command has ended before it goes bad."""
    bad_when = _write(made, version, WATCHED, LATER.env)
    with _users(made, rate) as traffic, _Verdicts(made) as verdicts:
        projects.run(made, "deploy", "local")
        time.sleep(GOOD)
        bad_when.touch()
        ends = time.monotonic() + 2 * CAP
        over = lambda: verdicts.last(WATCH_ENDED) != {} or time.monotonic() > ends  # noqa: E731
        first = _first_bad(traffic, str(version), LATER, over)
        report = _stopped(traffic)
        return _found(report, str(version), LATER, first, verdicts.last())


class _Verdicts:
    """What was written to the ledger from here on."""

    def __init__(self, made: Sandbox) -> None:
        self._ledger = Ledger.open(made.place.ledger)
        self._before = self._ledger.head().size

    def last(self, kind: str = VERDICT) -> dict[str, Any]:
        """The data of the newest entry of this kind; empty when there is none."""
        found = self._ledger.entries(self._before, [kind], limit=1, newest_first=True)
        return next((entry.data for entry in found), {})

    def __enter__(self) -> _Verdicts:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()


def _write(made: Sandbox, version: int, rollout: str, env: dict[str, str]) -> Path:
    """The project file; returns the file whose being there makes every answer an error, if nothing else is wrong."""
    projects.write(made, version)
    bad_when = made.folder / f"version {version} is bad"
    own = f'VERSION: "{version}"'
    pairs = "".join(f', {name}: "{value}"' for name, value in (env or {"FAIL_WHILE": str(bad_when)}).items())
    made.change({"strategy: blue-green": rollout, own: own + pairs})
    return bad_when


@contextmanager
def _users(made: Sandbox, rate: int) -> Iterator[Traffic]:
    """As many of them as keep up the rate while a quarter of the answers takes 300 ms more; all ask for `/`."""
    mix = Mix(get=max(1, rate // 5), post=0, fresh=max(1, rate // 10), idle=0, slow=0, stream=0, websocket=0)
    with Traffic(made.url, mix, Options(rate=float(rate))) as traffic:
        time.sleep(BEFORE)
        yield traffic


def _stopped(traffic: Traffic) -> TrafficReport:
    time.sleep(AFTER)
    return traffic.stop()


def _first_bad(traffic: Traffic, version: str, case: Case, over: Callable[[], bool]) -> float | None:
    """When the first bad answer was seen, Unix time. Returns when it is over."""
    first = None
    while not over():
        if first is None:
            seen = traffic.snapshot().versions.get(version)
            first = seen.last if seen and case.bad(seen) else None
        time.sleep(POLL)
    return first


def _found(report: TrafficReport, version: str, case: Case, first: float | None, verdict: dict[str, Any]) -> Found:
    seen = report.versions.get(version)
    if seen is None or first is None:
        raise SystemExit(f"{case.title}: no user got a bad answer")
    seconds = seen.last - first if verdict.get("kind") == "abort" else None
    return Found(seconds, case.bad(seen), str(verdict.get("cause")), report.sent, report.lost)
