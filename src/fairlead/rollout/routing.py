"""From shares to the edge's table: which instances get the requests for which route. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fairlead.project.stack import Edge, Route, Service, Stack
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool
from fairlead.rollout.steps import Shares
from fairlead.runtimes.base import Instance


@dataclass(frozen=True, slots=True)
class _Served:
    """A route of one release."""

    route: Route
    release: str
    pool: str
    well: bool  #: somebody in the pool is


def edge_table(shares: Shares, stacks: Mapping[str, Stack], instances: Iterable[Instance]) -> EdgeTable:
    """The whole table. Releases in `shares` that are not in `stacks` are left out."""
    by_pool: dict[tuple[str, str], list[Instance]] = {}
    for one in instances:
        by_pool.setdefault((one.service, one.release), []).append(one)
    pools: list[Pool] = []
    served: list[_Served] = []
    for release in dict.fromkeys(shares.releases()):
        for service in stacks[release].services if release in stacks else ():
            usable = _usable(by_pool.get((service.name, release), []), shares.without)
            pool = _pool(service, release, usable)
            if pool:
                pools.append(pool)
                well = any(_well(one) for one in usable)
                served += [_Served(route, release, pool.name, well) for route in service.routes]
    headers = tuple(HeaderRoute(one.route.path, one.route.host, one.release, one.pool) for one in served)
    return EdgeTable(tuple(pools), _routes(shares, served), headers, _listen(shares, stacks))


def _listen(shares: Shares, stacks: Mapping[str, Stack]) -> Edge | None:
    """Where the edge listens moves with the users: to the ports of the release that gets most of them."""
    ranked = sorted(shares.releases(), key=lambda release: -shares.weight(release))
    return next((stacks[release].edge for release in ranked if release in stacks), None)


def _usable(instances: Iterable[Instance], without: tuple[str, ...]) -> list[Instance]:
    return [one for one in instances if one.port and one.id not in without]


def _well(one: Instance) -> bool:
    return one.verified and one.living


def _pool(service: Service, release: str, usable: list[Instance]) -> Pool | None:
    """Only instances that were found ready. When none of them is well, all that are left: an answer may still come."""
    if not service.routes:
        return None
    well = [one for one in usable if _well(one)]
    ports = tuple(sorted(one.port for one in well or usable if one.port))
    return Pool(service.name, release, ports) if ports else None


def _routes(shares: Shares, served: list[_Served]) -> tuple[EdgeRoute, ...]:
    """By host and path. What no weighted release can serve goes to the fallback: the other side of a rolling update.

    A share whose pool has nobody well goes to the others, as long as they have somebody.
    """
    weights = dict(shares.weights)
    found = []
    for key in dict.fromkeys((one.route.host, one.route.path) for one in served):
        mine = [one for one in served if (one.route.host, one.route.path) == key]
        weighted = [(one, weights[one.release]) for one in mine if weights.get(one.release)]
        fallback = [(one, 100) for one in mine if one.release == shares.fallback]
        choices = ([pair for pair in side if pair[0].well] for side in (weighted, fallback))
        chosen = next(filter(None, choices), weighted or fallback)
        if chosen:
            found.append(EdgeRoute(key[1], key[0], tuple((one.pool, weight) for one, weight in chosen)))
    return tuple(found)
