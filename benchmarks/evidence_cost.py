"""What it costs to look at a release each second: reading the edge's counters, and judging what they say."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import projects
from tables import Table
from verdicts.cost import cost as judging

from fairlead.demo.sandbox import Sandbox
from fairlead.operations.environment import existing
from fairlead.rollout.evidence.collect import Collector
from fairlead.supervisor.survivors import last_started

TICKS = 200
REQUESTS = 5  #: to each service, so that the edge has something to show of it
CASES = (1, 20)  #: services


def cost() -> Table:
    """Of processor time, since a wall clock would count what else the machine does."""
    judged = judging()
    rows = [(f"judging, {title}", percent, "") for title, percent in judged.rows]
    rows += [
        (f"reading the edge's counters, {services} {'service' if services == 1 else 'services'}", *_reading(services))
        for services in CASES
    ]
    note = (
        f"{judged.note} Mean of {TICKS} looks at the counters one after another; the edge's own part is what Traefik "
        "takes to write them down."
    )
    header = ("each second", "Fairlead, % of one core", "the edge, %")
    return Table("What it costs to look every second", header, rows, note)


def _reading(services: int) -> tuple[str, str]:
    """Percent of a core for one tick each second: of Fairlead, and of the edge."""
    with projects.sandbox() as made:
        projects.write(made, 1, services, replicas=1)
        projects.run(made, "deploy", "local")
        _ask(made, services)
        with existing(made.place) as environment:
            live = environment.state.live
            names = tuple(f"web{number}" for number in range(services))
            collector = Collector(environment.world.edge, live, None, names, 0.3)
            collector.rebased()
            edge, own = _edge_seconds(made), time.process_time()
            for _ in range(TICKS):
                if trouble := collector.tick().trouble:
                    raise SystemExit(f"the counters could not be read: {trouble}")
            spent = time.process_time() - own, _edge_seconds(made) - edge
    return f"{spent[0] / TICKS * 100:.2f}", f"{spent[1] / TICKS * 100:.2f}"


def _ask(made: Sandbox, services: int) -> None:
    for number in range(services):
        for _ in range(REQUESTS):
            with suppress(urllib.error.HTTPError):  # the application has no such page, which is an answer too
                urllib.request.urlopen(f"{made.url}/{number or ''}", timeout=10).read()


def _edge_seconds(made: Sandbox) -> float:
    """Processor time of the edge so far."""
    process = last_started(made.place.root / "edge" / "starts")
    if process is None:
        raise SystemExit("the edge does not run")
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
