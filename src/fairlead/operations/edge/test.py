"""Try every route and policy of the live release, through the edge as users reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.operations.edge import answers, clients
from fairlead.operations.edge.trial import Probe, Result, Trial
from fairlead.operations.edge.wire import Wire
from fairlead.operations.environment import existing
from fairlead.project.stack_edge import Edge
from fairlead.system.home import Place

TRIALS: tuple[Trial, ...] = (
    answers.headers, answers.redirect, answers.compress, answers.fallback, answers.rewrite, answers.body,
    answers.timeout, clients.websockets, clients.connections, clients.limit,
)  # fmt: skip
"""In this order: what is counted comes last, for it is used up then."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What all trials came to."""

    release: str
    address: str  #: where users come in
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return all(one.outcome != "failed" for one in self.results)


def test(place: Place) -> Tested:
    """Try all of it. UsageError when nothing was deployed; FairleadError when nothing is live or the edge is down."""
    with existing(place) as environment:
        live = environment.state.live
        release = environment.world.releases.load_or_none(live) if live else None
        if release is None:
            raise FairleadError(f"nothing is live in {place.environment}", f"fairlead deploy {place.environment}")
        (address, port), tls = environment.world.edge.address(), environment.world.edge.scheme() == "https"
    wire, edge = Wire(address, port, tls), release.stack.edge
    routes = [route for service in release.stack.services for route in service.routes]
    found = [result for route in routes for result in _tried(Probe(wire, route, edge))]
    url = f"{'https' if tls else 'http'}://{address}:{port}"
    return Tested(release.id, url, (*found, *_to_https(edge, address)))


def _tried(probe: Probe) -> Iterator[Result]:
    """A trial that cannot be made is one that failed: the edge is there for users too."""
    for trial in TRIALS:
        try:
            yield from trial(probe)
        except OSError as error:
            yield probe.failed(trial.__name__, f"no connection: {error}")


def _to_https(edge: Edge, address: str) -> Iterator[Result]:
    if not (edge.http and edge.https and edge.redirect):
        return
    answer = Wire(address, edge.http).ask("/edge-test?a=1", None)
    place = answer.headers.get("location", "")
    good = answer.status in (301, 308) and place.startswith("https://") and place.endswith("/edge-test?a=1")
    yield Result(
        "", "https", "passed" if good else "failed", f"http is answered {answer.status} to {place or 'nowhere'}"
    )
