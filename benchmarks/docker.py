"""On Docker: what a deployment takes on top of the containers' own time, and how soon a rollback has the users back."""

from __future__ import annotations

import deploy
import projects
import rollback
from tables import Table
from tests.docker_engine import DockerEngine, images, unique, why_not

NOTE = (
    f"Blue-green, the median of {deploy.TIMES} deployments over a live release. Overhead as for processes: without the "
    "time from the start of the first container to the last health check that was waited for."
)


def measure() -> list[Table]:
    why = why_not()
    if why:
        raise SystemExit(f"deployments on Docker cannot be measured: {why}")
    name = unique("bench")
    try:
        with projects.sandbox(name) as made:
            figures = deploy.medians(made, lambda version: _write(name, made, version, "0s"))
            back = rollback.table(made, "Rollback on Docker", lambda version: _write(name, made, version, "10m"))
    finally:
        DockerEngine().remove(name)
    return [Table("Deployment on Docker", deploy.HEADER, [("1 service, 2 replicas", *figures, "≤ 2")], NOTE), back]


def _write(name: str, made: projects.Sandbox, version: int, window: str) -> None:
    projects.write_containers(made, name, images()["app"], version, window)
