"""What happened to an environment: its rollouts, stops and starts, read from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fairlead.ledger import Entry, Ledger
from fairlead.rollout.journal import CLOSED, UNDOING
from fairlead.rollout.state import BEGUN, COMMITTED, STARTED, STOPPED
from fairlead.system.home import Place

_ENDS = {STOPPED: "stop", STARTED: "up"}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history. `result`: live, undone, unfinished; done for what is no rollout."""

    time: str  #: UTC, ISO 8601: when it began
    operation: str  #: deploy, rollback, promote, stop, up
    result: str
    rollout: int | None = None
    release: str | None = None
    previous: str | None = None
    strategy: str | None = None
    seconds: float | None = None  #: from the first step to the end
    why: str = ""
    reason: str | None = None  #: why it was undone
    recovered: bool = False  #: finished by somebody else than who began it
    origin: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


def history(place: Place, limit: int | None = 20) -> tuple[Event, ...]:
    """The newest first, at most `limit`; empty when nothing was ever deployed."""
    if not place.exists():
        return ()
    with Ledger.open(place.ledger) as ledger:
        begins = ledger.entries(kinds=(BEGUN, STOPPED, STARTED), limit=limit, newest_first=True)
        return tuple(_event(ledger, entry) for entry in begins)


def rollout_event(ledger: Ledger, rollout: int) -> Event | None:
    """The event of one rollout; None when there is no such rollout."""
    begin = ledger.last(BEGUN, rollout=rollout)
    return _event(ledger, begin) if begin else None


def _event(ledger: Ledger, begin: Entry) -> Event:
    if begin.kind != BEGUN or begin.rollout is None:
        return Event(begin.time, _ENDS.get(begin.kind, begin.kind), "done", release=begin.data.get("live"))
    later = ledger.entries(after=begin.number, kinds=(COMMITTED, UNDOING, CLOSED), rollout=begin.rollout)
    facts = begin.data
    return Event(
        begin.time, str(facts.get("operation", "deploy")), rollout=begin.rollout, release=facts.get("release"),
        previous=facts.get("previous"), strategy=facts.get("strategy"), why=str(facts.get("why") or ""),
        origin=facts.get("origin") or {}, **_outcome(begin, later),
    )  # fmt: skip


def _outcome(begin: Entry, later: Iterable[Entry]) -> dict[str, Any]:
    found: dict[str, Any] = {"result": "unfinished"}
    for entry in later:
        if entry.kind == UNDOING:
            found["reason"] = entry.data.get("reason")
        if entry.kind == CLOSED:
            found["result"] = str(entry.data.get("result"))
            found["recovered"] = bool(entry.data.get("recovered"))
            found["report"] = entry.data.get("report") or {}
            took = (entry.when() - begin.when()).total_seconds()
            found["seconds"] = entry.data.get("seconds", round(took, 3))
    return found
