"""How long after `fairlead rollback` was typed the last user got an answer of the newer release."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import projects
from tables import Table

from fairlead.demo.mix import Mix, Options
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.traffic import Traffic

TIMES = 7
RATE = 150.0  #: requests a second: a user's request may fall into the moment of the switch, the machine is not busy
QUICK = Mix(get=6, post=0, fresh=2, idle=0, slow=0, stream=0, websocket=0)


def measure() -> list[Table]:
    with projects.sandbox() as made:
        return [table(made, "Rollback", lambda version: projects.write(made, version))]


def table(made: Sandbox, title: str, write: Callable[[int], None]) -> Table:
    """Two releases, and rollbacks between them under load; `write` changes the project to a version."""
    backs, walls, lost, sent = [], [], 0, 0
    for version in (1, 2):
        write(version)
        projects.run(made, "deploy", "local")
    for number in range(TIMES):
        newer = "2" if number % 2 == 0 else "1"  # a rollback of a rollback goes forth again
        with Traffic(made.url, QUICK, Options(rate=RATE)) as traffic:
            time.sleep(1)
            begun = time.time()
            wall, _ = projects.run(made, "rollback", "local")
            report = traffic.stop()
        backs.append(report.versions[newer].last - begun)
        walls.append(wall)
        lost, sent = lost + report.lost, sent + report.sent
    rows = [
        ("users back on the old release", f"{statistics.median(backs):.2f}", f"{max(backs):.2f}", "≤ 1"),
        ("the command has ended", f"{statistics.median(walls):.2f}", f"{max(walls):.2f}", ""),
    ]
    note = f"{TIMES} rollbacks inside the window, {RATE:g} requests/s; {lost} of {sent} requests lost."
    return Table(title, ("from the start of the command to", "median, s", "worst, s", "wanted"), rows, note)
