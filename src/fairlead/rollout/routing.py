"""From shares to the edge's table: which instances get the requests for which route. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fairlead.project.stack import Edge, Route, Stack
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool
from fairlead.rollout.steps import Shares
from fairlead.runtimes.base import Instance


@dataclass(frozen=True, slots=True)
class _Served:
    """A route of one release."""

    route: Route
    release: str
    pool: str
    rank: int  #: of the pool, see `_candidates`


def edge_table(shares: Shares, stacks: Mapping[str, Stack], instances: Iterable[Instance]) -> EdgeTable:
    """The whole table. Releases in `shares` that are not in `stacks` are left out."""
    by_pool: dict[tuple[str, str], list[Instance]] = {}
    for one in instances:
        if one.port:
            by_pool.setdefault((one.service, one.release), []).append(one)
    pools: list[Pool] = []
    served: list[_Served] = []
    for release in dict.fromkeys(shares.releases()):
        for service in stacks[release].services if release in stacks else ():
            rank, chosen = _candidates(by_pool.get((service.name, release), []), shares.without)
            if service.routes and chosen:
                pool = Pool(service.name, release, tuple(sorted(one.port or 0 for one in chosen)))
                pools.append(pool)
                served += [_Served(route, release, pool.name, rank) for route in service.routes]
    headers = tuple(HeaderRoute(one.route.path, one.route.host, one.release, one.pool) for one in served)
    return EdgeTable(tuple(pools), _routes(shares, served), headers, _listen(shares, stacks))


def _listen(shares: Shares, stacks: Mapping[str, Stack]) -> Edge | None:
    """Where the edge listens moves with the users: to the ports of the release that gets most of them."""
    public = [name for name in shares.releases() if name in stacks and any(one.routes for one in stacks[name].services)]
    ranked = sorted(public, key=lambda release: -shares.weight(release))
    return next((stacks[release].edge for release in ranked if release in stacks), None)


def _candidates(instances: list[Instance], without: tuple[str, ...]) -> tuple[int, list[Instance]]:
    """The best there are, and how good they are.

    2: found ready, and alive. 1: that too, but to stop soon; on a way back that is gone a second time, because
    the first could not be written down, nobody else may be left. 0: an answer may still come.
    """
    well = [one for one in instances if one.verified and one.living]
    staying = [one for one in well if one.id not in without]
    if staying:
        return 2, staying
    return (1, well) if well else (0, [one for one in instances if one.id not in without])


def _routes(shares: Shares, served: list[_Served]) -> tuple[EdgeRoute, ...]:
    """By host and path."""
    found = []
    for key in dict.fromkeys((one.route.host, one.route.path) for one in served):
        chosen = _choose(shares, [one for one in served if (one.route.host, one.route.path) == key])
        if chosen:
            found.append(EdgeRoute(key[1], key[0], chosen))
    return tuple(found)


def _choose(shares: Shares, served: list[_Served]) -> tuple[tuple[str, int], ...]:
    """The pools of one route with their weights, those with the best candidates only.

    What no weighted release can serve goes to the fallback: the other side of a rolling update.
    """
    weights = dict(shares.weights)
    for rank in (2, 1, 0):
        good = [one for one in served if one.rank >= rank]
        chosen = tuple((one.pool, weights[one.release]) for one in good if weights.get(one.release))
        chosen = chosen or tuple((one.pool, 100) for one in good if one.release == shares.fallback)
        if chosen:
            return chosen
    return ()
