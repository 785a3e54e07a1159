"""Every edge there is, by the runtime it goes with."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.edges.base import Edge
from fairlead.project.stack import RuntimeName
from fairlead.system.home import Place


def _traefik(place: Place) -> Edge:
    from fairlead.edges.traefik.edge import TraefikEdge  # noqa: PLC0415 — an edge loads what it needs

    return TraefikEdge(place)


def _container(place: Place) -> Edge:
    from fairlead.edges.traefik.container import ContainerEdge  # noqa: PLC0415

    return ContainerEdge(place)


EDGES: dict[RuntimeName, Callable[[Place], Edge]] = {"process": _traefik, "docker": _container}


def edge_of(runtime: RuntimeName, place: Place) -> Edge:
    """The edge of an environment; the runtime was checked before."""
    return EDGES[runtime](place)
