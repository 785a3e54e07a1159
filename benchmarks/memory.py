"""What Fairlead keeps running for one environment, at rest and after some load."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

import projects
from tables import Table

from fairlead.demo.mix import Mix, Options
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.traffic import Traffic
from fairlead.supervisor.supervisor import Supervisor
from fairlead.supervisor.survivors import last_started

REST = 10.0  #: seconds without traffic before memory is read


def measure() -> list[Table]:
    with projects.sandbox() as made:
        for version in (1, 2):
            projects.write(made, version)
            projects.run(made, "deploy", "local")
        time.sleep(REST)
        idle = _kept(made)
        with Traffic(made.url, Mix(), Options(rate=300.0)) as traffic:
            time.sleep(20)
            traffic.stop(wait=0)
        time.sleep(REST)
        after = _kept(made)
    rows = [(name, *_shown(values), f"{after[name][0]:.0f}", "") for name, values in idle.items()]
    sums = [sum(column) for column in zip(*idle.values(), strict=True)]
    rows.append(("together", *_shown(sums), f"{sum(values[0] for values in after.values()):.0f}", "≤ 150"))
    header = ("process", "RSS at rest, MB", "PSS", "anonymous", "RSS after load", "wanted")
    note = (
        "PSS shares out what processes have in common, also with other Traefiks and Pythons of the machine. Anonymous: "
        "what is not the program's own file, which the kernel may drop and read again."
    )
    return [Table("Memory of what Fairlead keeps running", header, rows, note)]


def _shown(values: Iterable[float]) -> list[str]:
    return [f"{value:.0f}" for value in values]


def _kept(made: Sandbox) -> dict[str, tuple[float, ...]]:
    root = made.place.root
    found = {
        "supervisord": Supervisor(made.place).process(),
        "edge (Traefik)": last_started(root / "edge" / "starts"),
        "keeper": last_started(root / "keeper" / "starts"),
    }
    return {name: _memory(process.pid) for name, process in found.items() if process}


def _memory(pid: int) -> tuple[float, ...]:
    """RSS, PSS and anonymous memory in MB (10^6 bytes)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = (re.search(rf"^{name}:\s+(\d+) kB", text, re.M) for name in ("Rss", "Pss", "Anonymous"))
    return tuple(int(match.group(1)) * 1024 / 1e6 for match in found if match)
