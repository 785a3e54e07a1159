"""What a trial is and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from fairlead.operations.edge.wire import Wire
from fairlead.project.stack_edge import Edge, Route
from fairlead.system.http import Answer

REFUSED = 429
Outcome = Literal["passed", "failed", "not tested"]


@dataclass(frozen=True, slots=True)
class Result:
    """One policy or property of one route, tried."""

    route: str  #: host and path
    policy: str
    outcome: Outcome
    detail: str  #: the numbers, or why


@dataclass(frozen=True, slots=True)
class Probe:
    """A route of the live release, and how it is reached."""

    wire: Wire
    route: Route
    edge: Edge

    @property
    def name(self) -> str:
        """Host and path."""
        return f"{self.route.host or ''}{self.route.path}"

    def ask(self, path: str = "", headers: dict[str, str] | None = None) -> Answer:
        """GET below the route; without `path` the route itself."""
        return self.wire.ask(self.below(path) if path else self.route.path, self.route.host, headers)

    def below(self, path: str) -> str:
        """A path below that of the route."""
        return f"{self.route.path.rstrip('/')}/{path}"

    def passed(self, policy: str, detail: str) -> Result:
        """It does what it should."""
        return Result(self.name, policy, "passed", detail)

    def failed(self, policy: str, detail: str) -> Result:
        """It does not."""
        return Result(self.name, policy, "failed", detail)

    def untested(self, policy: str, why: str) -> Result:
        """Nobody knows."""
        return Result(self.name, policy, "not tested", why)

    def used_up(self, policy: str, good: bool, detail: str, statuses: Iterable[int]) -> Result:
        """The same, but that nobody knows where the limit of the route refused what should have been tried."""
        if not good and REFUSED in statuses and self.route.policies.limit:
            return self.untested(policy, "the limit of the route is used up; try again later")
        return self.judged(policy, good, detail)

    def judged(self, policy: str, good: bool, detail: str) -> Result:
        """One of the first two."""
        return self.passed(policy, detail) if good else self.failed(policy, detail)


Trial = Callable[[Probe], Iterator[Result]]


def came(answer: Answer) -> str:
    """What came back, in a word."""
    return str(answer.status) if answer.status else f"no answer ({answer.error})"
