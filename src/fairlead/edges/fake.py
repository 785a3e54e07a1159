"""An edge in memory, for tests and rehearsals: it answers from what runs behind it, and remembers every moment.

A moment is recorded with each change, of the table or of an instance, so that a test can say what no sample of real
traffic can: at no moment was there a route without a well instance behind it. What a caller must never ask (a port that
is nobody's, a pool that is not there) is an AssertionError, so that nothing takes it for a step that failed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fairlead.edges.base import Traffic
from fairlead.edges.counters import Counters, PoolCounts
from fairlead.engine.differences import Difference
from fairlead.errors import FairleadError
from fairlead.project.stack import LATENCY_BUCKETS
from fairlead.render.edge import RELEASE_COOKIE, RELEASE_HEADER, EdgeRoute, EdgeTable, HeaderRoute, Members, Pool
from fairlead.system.http import Answer

if TYPE_CHECKING:
    from fairlead.certificates import Certificate

Key = tuple[str | None, str]  #: a route: host, path


class Behind(Protocol):
    """What the edge has behind it; the runtime in memory is one."""

    listeners: list[Callable[[str, str], None]]

    def holder(self, port: int) -> str | None:
        """The instance whose port it is."""

    def well(self, id: str) -> bool:
        """Whether it lives and was found ready."""

    def answer(self, port: int) -> Answer | None:
        """What a request to the port is answered; None when nobody listens."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Who would have got a user's request at one moment, and what made it different from the moment before."""

    what: str
    well: dict[Key, tuple[str, ...]]  #: route → instances that would have answered
    holes: tuple[Key, ...]  #: routes with a share of requests for which nobody was well


@dataclass
class FakeEdge:
    """A table and its history. `load` requests come in between two looks at the counters."""

    behind: Behind
    load: int = 0
    fails: str = ""  #: why it takes no table; empty: it does
    table: EdgeTable = field(default_factory=EdgeTable)
    history: list[Moment] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)  #: instances that were ended while users were sent to them
    listeners: list[Callable[[str], None]] = field(default_factory=list)  #: called after each new table
    counts: dict[str, PoolCounts] = field(default_factory=dict)  #: by pool
    copies: dict[str, PoolCounts] = field(default_factory=dict)  #: by pool
    takes: dict[str, float] = field(default_factory=dict)  #: release → seconds of each of its answers; none: 0
    silent: str = ""  #: why it tells no counters; empty: it does
    started: float = 1.0
    edge_made: int = 0
    reloads: int = 0
    running: bool = False

    def __post_init__(self) -> None:
        self.behind.listeners.insert(0, self._noticed)

    def prepare(self) -> None:
        """It is made of nothing."""

    def up(self) -> None:
        """Have it running."""
        self.running = True

    def differences(self) -> tuple[tuple[str, Difference], ...]:
        """Only whether it runs."""
        return () if self.running else (("edge", Difference("missing", "running", "down")),)

    def mend(self) -> None:
        """Have it running."""
        self.running = True

    def down(self) -> None:
        """End it."""
        self.running = False

    def route(self, table: EdgeTable) -> None:
        """Put it in force. FairleadError while `fails` says why."""
        if self.fails:
            raise FairleadError(self.fails)
        self._check(table)
        self.running = True
        if table == self.table:
            return
        self.table = table
        self.reloads += 1
        self._record("table")
        for listener in self.listeners:
            listener("table")

    def _check(self, table: EdgeTable) -> None:
        names = [pool.name for pool in table.pools]
        ports = [port for pool in table.pools for port in pool.ports]
        used = {name for route in table.routes for name, _ in route.weights} | {one.pool for one in table.headers}
        used |= {route.mirror for route in table.routes if route.mirror}
        keys = [_key(route) for route in table.routes]
        wrong = [
            *(f"{what} twice in the table" for what in (names, ports, keys) if len(what) != len(set(what))),
            *(f"no such pool: {name}" for name in used if name not in names),
            *(f"port {port} is nobody's" for port in ports if self.behind.holder(port) is None),
            *(f"pool {pool.name} is empty" for pool in table.pools if not pool.ports),
            *(f"{route.path} has no share for anybody" for route in table.routes if not _shares(route)),
        ]
        if wrong:
            raise AssertionError("; ".join(wrong))

    def _noticed(self, what: str, id: str) -> None:
        if what == "ending" and any(
            id in self.instances(name) for route in self.table.routes for name in _shares(route)
        ):
            self.cut.append(id)
        self._record(f"{what} {id}")

    def _record(self, what: str) -> None:
        well: dict[Key, tuple[str, ...]] = {}
        holes = []
        for route in self.table.routes:
            by_pool = [tuple(filter(self.behind.well, self.instances(name))) for name in _shares(route)]
            well[_key(route)] = tuple(id for ids in by_pool for id in ids)
            holes += [_key(route)] if not all(by_pool) else []
        self.history.append(Moment(what, well, tuple(holes)))

    def instances(self, pool: str) -> tuple[str, ...]:
        """The instances of a pool in force."""
        return tuple(self.behind.holder(port) or "" for port in self._pool(pool).ports)

    def _pool(self, name: str) -> Pool:
        return next(pool for pool in self.table.pools if pool.name == name)

    def lost(self, but: Collection[Key] = ()) -> list[str]:
        """Every moment at which a request could have been lost, in words; none is what everybody wants.

        That is: a route that was served before has, for a share of its requests, no well instance behind it; or an
        instance was ended while users were sent to it. Routes in `but` may go.
        """
        found = [f"{id} was ended while users were sent to it" for id in self.cut]
        served: set[Key] = set()
        for moment in self.history:
            whole = {key for key, ids in moment.well.items() if ids and key not in moment.holes}
            found += [f"{key} was served by nobody: {moment.what}" for key in sorted(served - whole, key=str)]
            served |= whole - set(but)
        return found

    def table_in_force(self) -> dict[str, dict[str, int]]:
        """By host and path."""
        return {f"{route.host or ''}{route.path}": dict(route.weights) for route in self.table.routes}

    def unlike(self, table: EdgeTable) -> tuple[str, ...]:
        """Routes that lead elsewhere."""
        ways = ({(one.host, one.path): one.how for one in told.routes} for told in (table, self.table))
        wanted, found = ways
        return tuple(sorted(str(key) for key in wanted | found if wanted.get(key) != found.get(key)))

    def members(self) -> dict[str, Members]:
        """There are no networks in memory."""
        return {}

    def receiving(self) -> frozenset[str]:
        """The releases that users are sent to now."""
        return frozenset(self._pool(name).release for route in self.table.routes for name in _shares(route))

    def traffic(self) -> Traffic:
        """Counts so far, after `load` more requests to each route."""
        self._serve()
        releases: dict[str, dict[int, int]] = {}
        for pool, counts in self.counts.items():
            known = releases.setdefault(pool.rpartition("-")[2], {})
            known |= {code: known.get(code, 0) + count for code, count in counts.codes.items()}
        return Traffic(releases, self.edge_made, self.started, self.reloads)

    def counters(self) -> Counters:
        """Raw counts so far, after `load` more requests to each route."""
        if self.silent or not self.running:
            return Counters(error=self.silent or "the edge gave no counters: connection refused")
        self._serve()
        return Counters(dict(self.counts), dict(self.copies), LATENCY_BUCKETS, self.started, self.reloads)

    def _serve(self) -> None:
        for route in self.table.routes:
            for name, weight in route.weights:
                requests = round(self.load * weight / sum(dict(route.weights).values()))
                self.edge_made += requests if self._answer(name).status == 502 else 0
                self._count(self.counts, name, requests)
            if route.mirror:
                self._count(self.copies, route.mirror, round(self.load * route.mirror_percent / 100))

    def _count(self, counts: dict[str, PoolCounts], pool: str, requests: int) -> None:
        known, status = counts.get(pool, PoolCounts({}, (0,) * len(LATENCY_BUCKETS))), self._answer(pool).status
        bucket = bisect_left(LATENCY_BUCKETS, self.takes.get(self._pool(pool).release, 0.0))
        buckets = tuple(count + requests * (place == bucket) for place, count in enumerate(known.buckets))
        if requests:
            counts[pool] = PoolCounts(known.codes | {status: known.codes.get(status, 0) + requests}, buckets)

    def address(self) -> tuple[str, int]:
        """Nobody listens there."""
        return "127.0.0.1", 0

    def scheme(self) -> str:
        """There is no https in memory."""
        return "http"

    def renew(self, given: Sequence[Certificate] | None = None) -> None:
        """There is nothing to renew."""

    def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        """The answer of the instance that would get it; 404 without a route, 502 when nobody listens."""
        if not self.running:
            return Answer(0, error="connection refused")
        release = (headers.get(RELEASE_HEADER) or _cookie(headers, RELEASE_COOKIE)).removeprefix("secret-")
        chosen = next(self._matching(self.table.headers, path, host, release), None)
        if isinstance(chosen, HeaderRoute):
            return self._answer(chosen.pool)
        route = next(self._matching(self.table.routes, path, host, ""), None)
        return self._answer(route.weights[0][0]) if isinstance(route, EdgeRoute) else Answer(404)

    def _matching(
        self, routes: Collection[EdgeRoute | HeaderRoute], path: str, host: str | None, release: str
    ) -> Iterator[EdgeRoute | HeaderRoute]:
        """Those that match, the closest first: a host before none, then the longest path."""
        fit = [one for one in routes if one.host in (None, host) and _below(path, one.path)]
        fit = [one for one in fit if not isinstance(one, HeaderRoute) or one.release == release]
        return iter(sorted(fit, key=lambda one: (one.host is None, -len(one.path))))

    def _answer(self, pool: str) -> Answer:
        answers = (self.behind.answer(port) for port in self._pool(pool).ports)
        return next((answer for answer in answers if answer), Answer(502))

    def release_header(self, release: str) -> dict[str, str]:
        """No secret here."""
        return {RELEASE_HEADER: f"secret-{release}"}

    def release_cookie(self, release: str) -> tuple[str, str]:
        """The same, from a browser."""
        return RELEASE_COOKIE, f"secret-{release}"


def _key(route: EdgeRoute) -> Key:
    return route.host, route.path


def _cookie(headers: dict[str, str], name: str) -> str:
    pairs = (pair.strip().partition("=") for pair in headers.get("Cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _shares(route: EdgeRoute) -> tuple[str, ...]:
    return tuple(name for name, weight in route.weights if weight)


def _below(path: str, prefix: str) -> bool:
    stem = prefix.rstrip("/")
    return path == stem or path.startswith(stem + "/")
