"""From shares to the edge's table: which instances get the requests for which route. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fairlead.project.stack import Edge, Route, Service, Stack
from fairlead.render.edge import LOOPBACK, EdgeRoute, EdgeTable, HeaderRoute, Pool, Sticky
from fairlead.render.networks import edge_networks, met_networks
from fairlead.rollout.steps import Shares
from fairlead.runtimes.base import Instance

FORGET = 3600  #: seconds a browser keeps the cookie of a rollout at least, and …
FORGET_AT_MOST = 86400  #: … at most: each rollout has a cookie of its own, and a browser sends all it keeps


@dataclass(frozen=True, slots=True)
class _Served:
    """A route of one release."""

    route: Route
    release: str
    pool: str
    rank: int  #: of the pool, see `_candidates`
    port: int = 0  #: at which services ask for it by name; 0: it is for users


def edge_table(shares: Shares, stacks: Mapping[str, Stack], instances: Iterable[Instance]) -> EdgeTable:
    """The whole table. Releases in `shares` that are not in `stacks` are left out.

    A whole service in `shares.without` (RELEASE.SERVICE) is reached by the secret header alone, whoever else is there.
    """
    by_pool: dict[tuple[str, str], list[Instance]] = {}
    for one in instances:
        if one.port:
            by_pool.setdefault((one.service, one.release), []).append(one)
    pools: list[Pool] = []
    served: list[_Served] = []
    for release in _known(shares):
        for service in stacks[release].services if release in stacks else ():
            rank, chosen = _candidates(by_pool.get((service.name, release), []), shares.without)
            if chosen and takes_requests(service, stacks[release]):
                pool = _pool(service, release, chosen)
                pools.append(pool)
                served += [_Served(route, release, pool.name, rank) for route in service.routes]
                served += _by_name(service, release, pool.name, rank, stacks[release])
    headers = tuple(
        HeaderRoute(one.route.path, one.route.host, one.release, one.pool, one.route) for one in served if not one.port
    )
    withheld = {pool.name for pool in pools if service_id(pool.release, pool.service) in shares.without}
    public = [one for one in served if one.pool not in withheld]
    networks = tuple(sorted({name for release in _known(shares) for name in _networks(release, stacks)}))
    listen, sticky, inner = _listen(shares, stacks), _sticky(shares, stacks), _inner(shares, stacks)
    routes = _routes(shares, public, _askers(shares, stacks))
    return EdgeTable(tuple(pools), routes, headers, listen, sticky, inner, networks)


def takes_requests(service: Service, stack: Stack) -> bool:
    """Whether the edge has requests for it: those of users, and in containers those of other services too."""
    return bool(service.routes or (service.port and stack.runtime == "docker"))


def _by_name(service: Service, release: str, pool: str, rank: int, stack: Stack) -> list[_Served]:
    """In containers services ask each other by NAME:PORT, and the edge answers: so that moves with the users too."""
    if stack.runtime != "docker" or not service.port:
        return []
    return [_Served(Route(host=service.name), release, pool, rank, service.port)]


def _inner(shares: Shares, stacks: Mapping[str, Stack]) -> tuple[int, ...]:
    """All ports of all releases that the table has a part for: the edge has them before anybody is sent there."""
    known = [stacks[release] for release in _known(shares) if release in stacks]
    found = {one.port for stack in known if stack.runtime == "docker" for one in stack.services if one.port}
    return tuple(sorted(found))


def _askers(shares: Shares, stacks: Mapping[str, Stack]) -> dict[tuple[str, int], tuple[str, ...]]:
    """Who may ask for a service by name: who shares a network with it, in any release that the table has a part for.

    Names lead to the new release from the switch on, and who asks may be of the old one: it has to finish what it has.
    """
    found: dict[tuple[str, int], set[str]] = {}
    for stack in (stacks[release] for release in _known(shares) if release in stacks):
        for one in stack.services if stack.runtime == "docker" else ():
            found.setdefault((one.name, one.port or 0), set()).update(met_networks(one, stack))
    return {key: tuple(sorted(names)) for key, names in found.items()}


def _networks(release: str, stacks: Mapping[str, Stack]) -> tuple[str, ...]:
    """Where the edge has to be beside those that it is always in."""
    docker = release in stacks and stacks[release].runtime == "docker"
    return edge_networks(stacks[release]) if docker else ()


def _pool(service: Service, release: str, chosen: list[Instance]) -> Pool:
    found = sorted((one.port or 0, one.host) for one in chosen)
    hosts = tuple(host for _, host in found) if any(host != LOOPBACK for _, host in found) else ()
    waits = tuple(route for route in service.routes if route.policies.timeout)
    return Pool(service.name, release, tuple(port for port, _ in found), hosts, waits)


def _known(shares: Shares) -> tuple[str, ...]:
    """Every release the table has a part for."""
    return tuple(dict.fromkeys((*shares.releases(), *([shares.mirrored] if shares.mirrored else []))))


def _sticky(shares: Shares, stacks: Mapping[str, Stack]) -> Sticky | None:
    """The cookie lasts as long as the steps of a rollout and a wait for a person after each of them."""
    if not shares.sticky:
        return None
    rollouts = [stacks[release].rollout for release, _ in shares.weights if release in stacks]
    longest = max((sum(step.pause + one.judge.hold_for for step in one.steps) for one in rollouts), default=0.0)
    return Sticky(shares.sticky, int(min(FORGET_AT_MOST, max(FORGET, longest))))


def service_id(release: str, service: str) -> str:
    """How `Shares.without` names a whole service; an instance's id has its index too."""
    return f"{release}.{service}"


def _listen(shares: Shares, stacks: Mapping[str, Stack]) -> Edge | None:
    """Where the edge listens moves with the users: to the ports of the release that gets most of them."""
    public = [name for name in shares.releases() if name in stacks and _is_asked(stacks[name])]
    ranked = sorted(public, key=lambda release: -shares.weight(release))
    return next((stacks[release].edge for release in ranked if release in stacks), None)


def _is_asked(stack: Stack) -> bool:
    """Whether the edge has anything to do for it."""
    return any(takes_requests(one, stack) for one in stack.services)


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


def _routes(
    shares: Shares, served: list[_Served], askers: Mapping[tuple[str, int], tuple[str, ...]]
) -> tuple[EdgeRoute, ...]:
    """By host and path."""
    found = []
    for key in dict.fromkeys((one.route.host, one.route.path, one.port) for one in served):
        here = [one for one in served if (one.route.host, one.route.path, one.port) == key]
        host, path, port = key
        chosen = _choose(shares, here) or (_first(here) if port else ())
        if chosen:
            mirror = ("", 0.0) if port else _mirror(shares, here, chosen)
            networks = askers.get((host or "", port), ()) if port else ()
            found.append(EdgeRoute(path, host, chosen, *mirror, port, _how(here, chosen), networks))
    return tuple(found)


def _how(served: list[_Served], chosen: tuple[tuple[str, int], ...]) -> Route:
    """What is done with the requests of a route moves with the users, as the ports do: as most of them have it."""
    pool = max(chosen, key=lambda one: one[1])[0]
    return next(one.route for one in served if one.pool == pool)


def _first(served: list[_Served]) -> tuple[tuple[str, int], ...]:
    """Where no release has users yet, the services of the one that is being tried ask each other all the same."""
    best = max(served, key=lambda one: one.rank)
    return ((best.pool, 100),) if best.rank else ()


def _mirror(shares: Shares, served: list[_Served], chosen: tuple[tuple[str, int], ...]) -> tuple[str, float]:
    """The pool that gets copies of the requests of this route, and how many percent of them.

    Only one whose instances are well: a copy tells nothing of one that is not ready. Who gets users gets no copies.
    """
    well = (one.pool for one in served if one.release == shares.mirrored and one.rank == 2)
    pool = next(well, None) if shares.mirror_percent > 0 else None
    if pool and pool not in dict(chosen):
        return pool, shares.mirror_percent
    return "", 0.0


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
