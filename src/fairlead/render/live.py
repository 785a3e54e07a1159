"""The edge's table while one release is live, and nobody replaces it: what is rendered has no other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fairlead.project.stack import Edge, Route, Service, Stack
from fairlead.render.edge import EdgeRoute, EdgeTable, Pool

RELEASE = "rendered"  #: what the release is called, which is known only where one is started


def live_table(
    stack: Stack, pools: Mapping[str, Pool], listen: Edge, named: Iterable[Service] = ()
) -> EdgeTable:  # fmt: skip
    """All users on the one release; nobody has its header, which is a secret. `pools` are those of services by their
    names, `named` the services that others ask for by NAME:PORT at the edge."""
    routed = [one for one in stack.services if one.routes and one.name in pools]
    routes = [
        EdgeRoute(route.path, route.host, ((pools[one.name].name, 100),), how=route)
        for one in routed for route in one.routes
    ]  # fmt: skip
    inner = [one for one in named if one.port and one.name in pools]
    routes += [_by_name(one, pools[one.name]) for one in inner]
    chosen = tuple(pools[name] for name in dict.fromkeys(one.name for one in (*routed, *inner)))
    ports = tuple(sorted({one.port for one in inner if one.port}))
    return EdgeTable(chosen, tuple(routes), listen=listen, inner=ports)


def _by_name(one: Service, pool: Pool) -> EdgeRoute:
    return EdgeRoute("/", one.name, ((pool.name, 100),), port=one.port or 0, how=Route(host=one.name))
