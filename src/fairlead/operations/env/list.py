"""The environments of a project, and whether each could be run here."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.project.project import Project
from fairlead.project.stack import RuntimeName


@dataclass(frozen=True, slots=True)
class Row:
    """One environment."""

    name: str
    runtime: RuntimeName
    host: str | None  #: None: this machine
    edge: tuple[str, ...]  #: `http 8080`
    services: int
    instances: int  #: of all services
    lacking: int  #: values that are missing or wrong
    obstacles: int  #: what it needs and this version cannot run

    @property
    def runnable(self) -> bool:
        """Whether it can be deployed from here as it is."""
        return not self.lacking and not self.obstacles


def rows(project: Project) -> tuple[Row, ...]:
    """All of them, in the order of the file."""
    return tuple(_row(project, name) for name in project.environments)


def _row(project: Project, name: str) -> Row:
    stack, own = project.outline(name), project.resolved[name][1]
    ports = (("http", stack.edge.http), ("https", stack.edge.https))
    return Row(
        name=name,
        runtime=stack.runtime,
        host=own.host,
        edge=tuple(f"{scheme} {port}" for scheme, port in ports if port),
        services=len(stack.services),
        instances=sum(service.replicas for service in stack.services),
        lacking=len(project.unmet[name]),
        obstacles=len(project.obstacles[name]),
    )
