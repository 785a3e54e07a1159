"""What an edge can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fairlead.edges.counters import Counters
from fairlead.engine.differences import Difference
from fairlead.render.edge import EdgeTable, Members
from fairlead.system.http import Answer

if TYPE_CHECKING:
    from fairlead.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of answers, cumulative since the edge started. Keys of `by_release`: release, then status code.

    Release "" has the requests that no instance could be chosen for.
    """

    by_release: dict[str, dict[int, int]] = field(default_factory=dict)
    edge_made: int = 0  #: 502, 503 and 504 that no application sent
    started: float = 0.0  #: when the edge process started, to notice that counters began anew
    reloads: int = 0
    process: str = ""  #: which process that is, where it is known: `started` moves with the machine's clock

    def total(self, release: str) -> int:
        """All answers of a release."""
        return sum(self.by_release.get(release, {}).values())

    def errors(self, release: str) -> int:
        """Its 5xx answers."""
        return sum(count for code, count in self.by_release.get(release, {}).items() if code >= 500)

    def since(self, earlier: Traffic) -> Traffic:
        """The difference. What began anew in between counts from zero: the edge, or a release that left and came back.

        A release that left and did not come back is not in it.
        """
        if not self.same_process(earlier):
            return self
        releases = {
            release: {
                code: _grown(count, earlier.by_release.get(release, {}).get(code, 0)) for code, count in codes.items()
            }
            for release, codes in self.by_release.items()
        }
        edge_made, reloads = _grown(self.edge_made, earlier.edge_made), _grown(self.reloads, earlier.reloads)
        return Traffic(releases, edge_made, self.started, reloads, self.process)

    def same_process(self, other: Traffic) -> bool:
        """Whether both were counted by one and the same process of the edge, also where the clock was set between."""
        return self.started == other.started or (self.process != "" and self.process == other.process)


def _grown(now: int, before: int) -> int:
    return now - before if now >= before else now


class Edge(Protocol):
    """The one place requests come in."""

    def prepare(self) -> None:
        """Have here what it is made of, before anything changes. FairleadError when that cannot be had."""

    def up(self) -> None:
        """Have it running and answering its own API."""

    def down(self) -> None:
        """Stop taking requests, finish those that are open, and end."""

    def route(self, table: EdgeTable) -> None:
        """Put the table in force; returns when the edge's own API shows it. FairleadError when it does not."""

    def table_in_force(self) -> dict[str, dict[str, int]]:
        """What it does now: for each route (its key), the weight of each pool; read from the edge itself."""

    def unlike(self, table: EdgeTable) -> tuple[str, ...]:
        """What it was told and is not as this table has it: rules and policies by name. Which instances are well is
        not looked at."""

    def differences(self) -> tuple[tuple[str, Difference], ...]:
        """In what its parts differ from what they are to be: which part, and the difference. One that does not run is
        `missing`. What it is told of requests is in `unlike`."""

    def mend(self) -> None:
        """Have its parts as they are to be; without a request lost where that can be."""

    def members(self) -> Mapping[str, Members]:
        """Whom it answers as members of each network in which services ask each other by name; none where they have no
        names. When it says something else, a table that is in force is not what it was: `route` says it anew."""

    def traffic(self) -> Traffic:
        """Counts so far."""

    def counters(self) -> Counters:
        """Raw counts by pool, requests by the release header left out; every failure is in `error`, none is raised."""

    def address(self) -> tuple[str, int]:
        """Host and port where requests come in, as this machine reaches it."""

    def scheme(self) -> str:
        """What users come by: `https` where it serves that, else `http`."""

    def renew(self, given: Sequence[Certificate] | None = None) -> None:
        """Have certificates that are not due; returns when they are in force. Nothing without https.

        `given`: from now on these, the first for who names no host; none of them: one of the project's own authority;
        None: as before.
        """

    def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        """One GET request as a user would send it; `timeout` in seconds. Every failure is an Answer."""

    def release_header(self, release: str) -> dict[str, str]:
        """The secret header that reaches a release before any user does."""

    def release_cookie(self, release: str) -> tuple[str, str]:
        """Name and value of the secret cookie that reaches it from a browser."""
