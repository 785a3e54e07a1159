"""A verdict: what is to happen to the new release, and why, in words and in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fairlead.project.stack import to_data

Kind = Literal["promote", "continue", "hold", "abort"]
Cause = Literal["", "insufficient", "environment", "ratio", "metrics", "errors", "latency", "probes"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """promote: enough was shown. continue: nothing speaks against it, and not enough was shown yet.

    hold: nobody can tell (`environment`: the stable release is bad too; `ratio`: requests are not shared as asked;
    `metrics`: the counts cannot be trusted; `insufficient`: no answer of the new release at all).
    abort: the new release is worse (`errors`, `latency`, `probes`).
    """

    kind: Kind
    cause: Cause
    text: str  #: one sentence with its numbers
    numbers: dict[str, Any] = field(default_factory=dict)  #: counts, evidence, bounds; JSON types only

    def to_data(self) -> dict[str, Any]:
        """For the ledger."""
        return to_data(self)
