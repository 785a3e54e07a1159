"""The counts a verdict is made of. Plain values: they are recorded, and a recording can be judged again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fairlead.project.stack import from_data, to_data

Mode = Literal["canary", "watch", "shadow"]
"""canary: old and new release have users at once. watch: only the new one has. shadow: the new one gets copies of the
safe requests of the old one, and no user."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one service of one release answered in a while. `slow` and `buckets` are empty where nobody measured.

    Answers slower than the last bucket are in none.
    """

    requests: int = 0
    errors: int = 0  #: of them: 5xx, also those the edge made because the instance did not answer
    slow: int | None = None  #: of them: slower than the policy's threshold
    buckets: tuple[tuple[float, int], ...] = ()  #: (upper bound in s, answers of this bucket alone), ascending


@dataclass(frozen=True, slots=True)
class Probes:
    """What Fairlead's own requests to the new release came to in a while."""

    sent: int = 0
    failed: int = 0  #: wrong status, wrong content, no answer in time
    slow: int = 0
    in_a_row: int = 0  #: failures in a row up to now, over all ticks
    last_failure: str = ""  #: what the last one was, for a person


@dataclass(frozen=True, slots=True)
class Tick:
    """What happened since the tick before. Keys of `canary` and `stable` are names of services."""

    seconds: float
    weight: float = 0.0  #: percent of the requests that the new release was to get; 0 where nothing was shared
    canary: dict[str, Side] = field(default_factory=dict)
    stable: dict[str, Side] = field(default_factory=dict)
    probes: Probes = field(default_factory=Probes)
    trouble: str = ""  #: why these counts cannot be trusted: the edge does not answer, it began anew, a count went back
    reloaded: bool = False  #: somebody else reloaded the edge, which restarts its round robin: shares mean nothing

    def to_data(self) -> dict[str, Any]:
        """For a recording."""
        return to_data(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Tick:
        """The inverse of `to_data`."""
        return from_data(cls, data)


@dataclass(frozen=True, slots=True)
class History:
    """What the stable release answered lately, while nothing was being rolled out, by service."""

    services: dict[str, Side] = field(default_factory=dict)
    seconds: float = 0.0  #: how long that was, for a rate

    def to_data(self) -> dict[str, Any]:
        """For a recording."""
        return to_data(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> History:
        """The inverse of `to_data`."""
        return from_data(cls, data)
