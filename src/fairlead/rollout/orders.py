"""What people say of a rollout while it runs: approve, abort, promote, pause, resume.

The ledger carries it: whoever says it writes an entry, and whoever carries the rollout reads it within a moment. So
each is recorded with who and why before anything comes of it, and one that came too late does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fairlead.errors import FairleadError
from fairlead.ledger.ledger import Ledger
from fairlead.rollout.journal import ORDER

Word = Literal["approve", "abort", "promote", "pause", "resume"]


@dataclass(frozen=True, slots=True)
class Order:
    """One thing a person said."""

    number: int  #: of its entry
    word: Word
    by: str
    why: str = ""

    def shown(self) -> str:
        """For a person."""
        return f"{self.word} by {self.by}" + (f": {self.why}" if self.why else "")


def give(ledger: Ledger, rollout: int, word: Word, origin: Mapping[str, object], why: str = "") -> None:
    """Write it down; whoever carries the rollout obeys."""
    by = f"{origin['user']}@{origin['host']}" if origin.get("user") else "somebody"
    ledger.append(ORDER, {"order": word, "by": by, "why": why, "origin": dict(origin)}, rollout)


class Orders:
    """What was said of one rollout so far."""

    def __init__(self, ledger: Ledger, rollout: int) -> None:
        self.ledger = ledger
        self.rollout = rollout
        self.abort: Order | None = None
        self.promote: Order | None = None
        self.paused: Order | None = None
        self._approvals: list[Order] = []
        self._read = 0

    def look(self) -> bool:
        """Take in what was said since the last look; whether anything was."""
        before = self._read
        for entry in self.ledger.entries(after=self._read, kinds=[ORDER], rollout=self.rollout):
            self._read = entry.number
            data = entry.data
            self._take(Order(entry.number, data["order"], str(data["by"]), str(data["why"])))
        return self._read > before

    def _take(self, order: Order) -> None:
        if order.word == "abort":
            self.abort = self.abort or order
        elif order.word == "promote":
            self.promote, self.paused = order, None
        elif order.word == "approve":
            self._approvals.append(order)
        else:
            self.paused = order if order.word == "pause" else None

    def require_going(self) -> None:
        """FairleadError when somebody wants it taken back."""
        self.look()
        if self.abort:
            raise FairleadError(self.abort.shown())

    def approved(self, since: int) -> Order | None:
        """Who said go on after entry `since`, if anybody did; a promotion goes on with everything."""
        found = [order for order in self._approvals if order.number > since]
        return self.promote or (found[-1] if found else None)
