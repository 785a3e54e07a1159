"""What a deployment takes on top of what the application itself takes to be built and to become ready."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import projects
from tables import Table

from fairlead.demo.sandbox import Sandbox

TIMES = 5
HEADER = ("project", "wall time, s", "from first start to ready, s", "of it starting, s", "overhead, s", "wanted")
CASES = (("1 service, 2 replicas", 1, 2, "≤ 1.5"), ("20 services, 1 replica each", 20, 1, "≤ 3"))


def measure() -> list[Table]:
    rows = []
    for title, services, replicas, wanted in CASES:
        with projects.sandbox() as made:

            def write(version: int, made: Sandbox = made, services: int = services, replicas: int = replicas) -> None:
                projects.write(made, version, services, replicas, window="0s")

            rows.append((title, *medians(made, write), wanted))
    note = (
        f"Blue-green, each the median of {TIMES} deployments over a live release. Overhead: wall time of the command "
        "less `prepare` (there is none) and less the time from the start of the first instance to the last health "
        "check that was waited for. Of that time, the part in which the processes are being started is shown too: "
        "the first of them come up meanwhile."
    )
    return [Table("Deployment", HEADER, rows, note)]


def medians(made: Sandbox, write: Callable[[int], None]) -> tuple[str, ...]:
    """The figures of `HEADER` of deployments in a row; `write` changes the project to a version."""
    found = []
    for version in range(TIMES + 1):
        write(version)
        wall, events = projects.run(made, "deploy", "local")
        starting, waiting = (_spent(events, kind) for kind in ("start", "ready"))
        built = sum(float(one["data"]["seconds"]) for one in events if one["kind"] == "built")
        found.append((wall, starting + waiting, starting, wall - starting - waiting - built))
    # the first one starts supervisord and the edge
    return tuple(f"{statistics.median(values):.2f}" for values in zip(*found[1:], strict=True))


def _spent(events: list[dict], kind: str) -> float:
    """Seconds in the steps of one kind."""
    done = [one["data"] for one in events if one["kind"] == "done"]
    return sum(float(data["seconds"]) for data in done if data["step"].endswith(f":{kind}"))
