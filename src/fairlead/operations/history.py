"""What happened to an environment: its rollouts, stops and starts, read from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fairlead.ledger import Entry, Ledger
from fairlead.rollout.journal import CLOSED, ORDER, RESUMED, UNDOING, VERDICT, WAITING
from fairlead.rollout.schema import APPLIED, KEPT, SNAPSHOT, UNDONE
from fairlead.rollout.state import BEGUN, STARTED, STOPPED, WATCH_ENDED
from fairlead.system.home import Place

_ENDS = {STOPPED: "stop", STARTED: "up"}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history. `result`: live, undone, waiting, unfinished; done for what is no rollout."""

    time: str  #: UTC, ISO 8601: when it began
    operation: str  #: deploy, rollback, promote, stop, up
    result: str
    rollout: int | None = None
    release: str | None = None
    previous: str | None = None
    strategy: str | None = None
    seconds: float | None = None  #: from the first step to the end
    why: str = ""
    reason: str | None = None  #: why it was undone, or what a person is waited for
    automatic: str = ""  #: what began it by itself: `watch`; empty: somebody did
    orders: tuple[dict[str, Any], ...] = ()  #: what people said to it: `time`, `order`, `by`, `why`
    verdict: dict[str, Any] | None = None  #: the last one before it ended: `kind`, `cause`, `text`
    watch: dict[str, Any] | None = None  #: how the watch after the switch ended: `result`, `reason`
    recovered: bool = False  #: finished by somebody else than who began it
    origin: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    snapshots: tuple[dict[str, Any], ...] = ()  #: what was kept before: `store`, `restore_point`, `backup`
    schema: tuple[dict[str, Any], ...] = ()  #: what was done to databases: `database`, `what` (applied …), `text`


def history(place: Place, limit: int | None = 20) -> tuple[Event, ...]:
    """The newest first, at most `limit`; empty when nothing was ever deployed."""
    if not place.exists():
        return ()
    with Ledger.read(place.ledger) as ledger:
        begins = ledger.entries(kinds=(BEGUN, STOPPED, STARTED), limit=limit, newest_first=True)
        return tuple(_event(ledger, entry) for entry in begins)


def rollout_event(ledger: Ledger, rollout: int) -> Event | None:
    """The event of one rollout; None when there is no such rollout."""
    begin = ledger.last(BEGUN, rollout=rollout)
    return _event(ledger, begin) if begin else None


def _event(ledger: Ledger, begin: Entry) -> Event:
    if begin.kind != BEGUN or begin.rollout is None:
        return Event(begin.time, _ENDS.get(begin.kind, begin.kind), "done", release=begin.data.get("live"))
    later = ledger.entries(after=begin.number, kinds=_TOLD, rollout=begin.rollout)
    facts = begin.data
    origin = facts.get("origin") or {}
    return Event(
        begin.time, str(facts.get("operation", "deploy")), rollout=begin.rollout, release=facts.get("release"),
        previous=facts.get("previous"), strategy=facts.get("strategy"), why=str(facts.get("why") or ""),
        origin=origin, automatic=str(origin.get("automatic") or ""), **_outcome(begin, later),
    )  # fmt: skip


def _outcome(begin: Entry, later: Iterable[Entry]) -> dict[str, Any]:
    found: dict[str, Any] = {"result": "unfinished", "orders": ()}
    for entry in later:
        _TOLD[entry.kind](found, entry)
    if found["result"] == "live":
        found.pop("reason", None)
    if "closed" in found:
        took = (found.pop("closed") - begin.when()).total_seconds()
        found.setdefault("seconds", round(took, 3))
    return found


def _undoing(found: dict[str, Any], entry: Entry) -> None:
    found |= {"reason": entry.data.get("reason"), "result": "unfinished"}


def _closed(found: dict[str, Any], entry: Entry) -> None:
    data = entry.data
    found |= {"result": str(data.get("result")), "recovered": bool(data.get("recovered")), "closed": entry.when()}
    found |= {"report": data.get("report") or {}} | ({"seconds": data["seconds"]} if "seconds" in data else {})


def _waiting(found: dict[str, Any], entry: Entry) -> None:
    found |= {"result": "waiting", "reason": entry.data.get("reason")}


def _resumed(found: dict[str, Any], entry: Entry) -> None:
    found |= {"result": "unfinished", "reason": None}


def _order(found: dict[str, Any], entry: Entry) -> None:
    said = {"time": entry.time} | {key: str(entry.data.get(key) or "") for key in ("order", "by", "why")}
    found["orders"] = (*found["orders"], said)


def _verdict(found: dict[str, Any], entry: Entry) -> None:
    if "closed" not in found:
        found["verdict"] = {key: entry.data.get(key) for key in ("kind", "cause", "text")}


def _watch(found: dict[str, Any], entry: Entry) -> None:
    found["watch"] = {"result": entry.data.get("result"), "reason": entry.data.get("reason") or ""}


def _schema(found: dict[str, Any], entry: Entry) -> None:
    data, what = entry.data, entry.kind.removeprefix("schema.")
    said = {"database": data.get("database"), "what": what, "text": data.get("what") or data.get("script")}
    found["schema"] = (*found.get("schema", ()), said)


def _snapshot(found: dict[str, Any], entry: Entry) -> None:
    said = {key: entry.data.get(key) or None for key in ("store", "restore_point", "backup")}
    found["snapshots"] = (*found.get("snapshots", ()), said)


_TOLD = {
    SNAPSHOT: _snapshot, APPLIED: _schema, UNDONE: _schema, KEPT: _schema,
    UNDOING: _undoing, CLOSED: _closed, WAITING: _waiting, RESUMED: _resumed, ORDER: _order, VERDICT: _verdict,
    WATCH_ENDED: _watch,
}  # fmt: skip
