"""The rollout that is under way in an environment: who is waited for, since when, and what can be said to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairlead.ledger import Ledger
from fairlead.operations.verdicts import Said, last_verdict
from fairlead.rollout.journal import WAITING, OpenRollout, open_rollout
from fairlead.rollout.orders import Orders
from fairlead.rollout.steps import Step
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A rollout that was begun and not closed."""

    environment: str
    rollout: int
    release: str
    previous: str | None = None
    step: str = ""  #: what is being done now, or was done last, as people see it
    waiting: str = ""  #: what a person is waited for, carried by nobody; empty: it goes on, or was left unfinished
    since: str = ""  #: since when it is waited for, UTC, ISO 8601
    weight: int = 0  #: percent of the requests that the new release gets meanwhile
    paused: str = ""  #: by whom, and why
    gate: bool = False  #: it stands at a step that a person has to approve
    said: Said | None = None  #: the last verdict
    ended: bool = False  #: it is live already, or on its way back: nothing can be said to it any more

    def acts(self) -> tuple[tuple[str, str], ...]:
        """What a person can say now: command lines, and what each does."""
        return () if self.ended else tuple(self._acts())

    def _acts(self) -> Iterator[tuple[str, str]]:
        name = self.environment
        if self.paused:
            yield f"fairlead resume {name}", "go on as planned"
        elif self.waiting or self.gate:
            yield f"fairlead approve {name}", "go on with the next step"
        elif not self.waiting:
            yield f"fairlead pause {name}", "go no further for now"
        yield f"fairlead promote {name}", f"give {self.release} to all users, whatever is known of it"
        yield f"fairlead abort {name}", "take it back"

    def to_data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "rollout": self.rollout, "release": self.release, "previous": self.previous, "step": self.step,
            "waiting": self.waiting or None, "since": self.since or None, "weight": self.weight,
            "paused": self.paused or None, "verdict": self.said.to_data() if self.said else None,
            "commands": [line for line, _ in self.acts()],
        }  # fmt: skip


def under_way(place: Place) -> UnderWay | None:
    """The one of an environment of this machine; None when nothing is being rolled out."""
    if not place.exists():
        return None
    with Ledger.read(place.ledger) as ledger:
        return read_under_way(ledger, place.environment)


def read_under_way(ledger: Ledger, environment: str) -> UnderWay | None:
    """The same, from an open ledger."""
    rollout = open_rollout(ledger)
    if rollout is None:
        return None
    number, release = rollout.journal.rollout, rollout.release
    ended = rollout.committed or rollout.reason is not None
    if ended:
        return UnderWay(environment, number, release, rollout.previous, ended=True)
    step, orders = _step(rollout), Orders(ledger, number)
    orders.look()
    entry = ledger.last(WAITING, rollout=number) if rollout.waiting else None
    return UnderWay(
        environment, number, release, rollout.previous, step.shown() if step else "",
        rollout.waiting.reason if rollout.waiting else "", entry.time if entry else "", _weight(rollout),
        orders.paused.shown() if orders.paused else "", step is not None and step.kind == "approve",
        last_verdict(ledger, number),
    )  # fmt: skip


def _step(rollout: OpenRollout) -> Step | None:
    """The one that was begun last."""
    return next((step for step in reversed(rollout.plan) if step.id in rollout.begun), None)


def _weight(rollout: OpenRollout) -> int:
    if rollout.waiting:
        return rollout.waiting.shares.weight(rollout.release)
    routes = (step for step in reversed(rollout.plan) if step.kind == "route" and step.id in rollout.done)
    last = next(routes, None)
    return last.shares.weight(rollout.release) if last else 0
