"""The edge's table while one release is live, and nobody replaces it: what is rendered has no other. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.project.stack import Edge, Stack
from fairlead.render.edge import EdgeRoute, EdgeTable, Pool

RELEASE = "rendered"  #: what the release is called, which is known only where one is started


def live_table(stack: Stack, pools: Mapping[str, Pool], listen: Edge) -> EdgeTable:
    """All users on the one release; nobody has its header, which is a secret. `pools` are those of services by their
    names."""
    routed = [one for one in stack.services if one.routes and one.name in pools]
    routes = tuple(
        EdgeRoute(route.path, route.host, ((pools[one.name].name, 100),), how=route)
        for one in routed for route in one.routes
    )  # fmt: skip
    return EdgeTable(tuple(pools[one.name] for one in routed), routes, listen=listen)
