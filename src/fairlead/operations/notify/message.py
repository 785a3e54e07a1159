"""What an entry of the ledger is worth telling, in words. Pure: an entry in, a message out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from fairlead.ledger.entry import Entry
from fairlead.masking import masked

BEGUN, CLOSED, WAITING = "rollout.begun", "rollout.closed", "rollout.waiting"
WATCH_ENDED = "watch.ended"
STEP = "step.begun"  #: of a step `approve` a wait begins with it, long before the deployer has waited enough
ROTATION_DUE = "secret.due"  #: the kind of an entry
BACKUP_FAILED, DRILLED, READ = "backup.failed", "drill.done", "verify.done"
NAMES = {BACKUP_FAILED: ("the backup", "backup now"), DRILLED: ("the drill", "db drill"),
         READ: ("reading the backups", "backup verify")}  # fmt: skip
"""What failed, and how it is done by hand."""
SCHEDULE = "schedule"  #: why something was done that nobody asked for by hand
CONTRACT_FAILED = "contract.failed"
LOG_STOPPED, LOG_BROKEN = "log.stopped", "log.broken"
OF_BACKUPS = (BACKUP_FAILED, DRILLED, READ, LOG_STOPPED, LOG_BROKEN)
ISOLATION = "isolation.checked"
KINDS = (CONTRACT_FAILED, ISOLATION, BEGUN, STEP, WAITING, CLOSED, WATCH_ENDED, ROTATION_DUE, *OF_BACKUPS)
ROTATE = "rotate"  #: the operation of a rollout that changes nothing but values of secrets
KILLED = "the deployer was killed"  #: the reason that recovery gives for what it undoes
LONGEST_REASON = 1200  #: characters; Discord takes 2000 for the whole message

Severity = Literal["info", "success", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell."""

    key: str  #: of the thing told: the same when it is told again
    events: tuple[str, ...]  #: what it is, in the words of `on`; who asked for any of them is told
    title: str
    lines: tuple[str, ...]
    severity: Severity

    def event(self, on: Collection[str]) -> str | None:
        """The first of its events that was asked for."""
        return next((event for event in self.events if event in on), None)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an entry belongs to."""

    project: str
    environment: str
    begun: Entry  #: of the rollout
    hidden: tuple[str, ...] = ()  #: values that must not be told
    hold_for: float | None = None  #: how long a person is waited for, seconds


def asks(entry: Entry) -> bool:
    """Whether it belongs to a step at which a person is asked."""
    return str(entry.data.get("step")).endswith(":approve")


def message_of(entry: Entry, scene: Scene) -> Message | None:
    """The message about an entry; None when there is nothing to tell of it."""
    if entry.kind == BEGUN:
        return _started(entry, scene) if scene.begun.data.get("operation") != ROTATE else None
    if entry.kind == STEP:
        return _waiting(entry, scene, "a person to approve it", scene.hold_for) if asks(entry) else None
    if entry.kind == WAITING:  # not of what was told when the step began
        return None if asks(entry) else _waiting(entry, scene, str(entry.data.get("reason") or "a decision"))
    if entry.kind in (WATCH_ENDED, ROTATION_DUE):
        return _watched(entry, scene) if entry.kind == WATCH_ENDED else _due(entry, scene)
    if entry.kind in (*OF_BACKUPS, CONTRACT_FAILED, ISOLATION):
        return _apart(entry, scene)
    return _closed(entry, scene) if entry.kind == CLOSED else None


def _apart(entry: Entry, scene: Scene) -> Message | None:
    """Of what is no part of a rollout."""
    own = {CONTRACT_FAILED: _contract, ISOLATION: _isolation}
    return own.get(entry.kind, _of_backups)(entry, scene)


def _closed(entry: Entry, scene: Scene) -> Message | None:
    """Nothing of a rotation that went well: what is live is what was live, with other values of secrets."""
    if entry.data.get("result") != "live":
        return _undone(entry, scene)
    return _live(entry, scene) if scene.begun.data.get("operation") != ROTATE else None


def _started(entry: Entry, scene: Scene) -> Message:
    return _message(entry, scene, ("started",), f"{_operation(scene)} has started", "info", act="status")


def _waiting(entry: Entry, scene: Scene, reason: str, seconds: float | None = None) -> Message:
    end = entry.when() + timedelta(seconds=seconds) if seconds else None
    until = f", until {_moment(end.isoformat())}; then its command ends" if end else ""
    more = [f"waits for: {_shown(reason, scene)}{until}"]
    return _message(entry, scene, ("waiting",), f"{_operation(scene)} is waiting", "warning", more, "approve")


def _live(entry: Entry, scene: Scene) -> Message:
    release, back = scene.begun.data.get("release"), _is_rollback(scene)
    recovered = bool(entry.data.get("recovered"))
    events = (("recovered",) if recovered else ()) + (("rolled-back",) if back else ("promoted",))
    title = f"rolled back to {release}" if back else f"{release} is live"
    title += ", finished after its deployer was killed" if recovered else ""
    severity: Severity = "warning" if back or recovered else "success"
    return _message(entry, scene, events, title, severity, act="status" if back else "rollback")


def _watched(entry: Entry, scene: Scene) -> Message | None:
    """A release found bad after its switch that stays live; a way back is told by its own rollout."""
    result = entry.data.get("result")
    if result not in ("told", "failed"):
        return None
    what = f"{entry.data.get('release')} is live and bad"
    what += ", and cannot be rolled back" if result == "failed" else ""
    reason = _shown(str(entry.data.get("reason") or ""), scene)
    return _message(entry, scene, ("failed",), what, "failure", [f"reason: {reason}"], "rollback")


def _due(entry: Entry, scene: Scene) -> Message:
    """A secret is older than it may get."""
    where, name = f"{scene.project}/{scene.environment}", entry.data["secret"]
    lines = (
        f"it has had its value since {_moment(str(entry.data['since']))}, and may for {_days(entry.data['every'])}",
        f"next: fairlead secrets rotate {scene.environment} {name}",
    )
    return Message(
        f"{where}#{entry.number}", ("rotation-due",), f"{where}: {name} is due for rotation", lines, "warning"
    )


def _of_backups(entry: Entry, scene: Scene) -> Message | None:
    return _log(entry, scene) if entry.kind in (LOG_STOPPED, LOG_BROKEN) else _scheduled(entry, scene)


def _log(entry: Entry, scene: Scene) -> Message:
    """Of a store: it is not received any more, or there is a gap in it."""
    where, store = f"{scene.project}/{scene.environment}", entry.data["store"]
    stopped = entry.kind == LOG_STOPPED
    act = f"fairlead doctor {scene.environment}" if stopped else f"fairlead backup list {scene.environment}"
    lines = (f"reason: {_shown(entry.data.get('reason'), scene)}", _moment(entry.time), f"next: {act}")
    what = f"the log of {store} {'is not received any more' if stopped else 'has a gap'}"
    return Message(f"{where}#{entry.number}", ("failed",), f"{where}: {what}", lines, "failure")


def _scheduled(entry: Entry, scene: Scene) -> Message | None:
    """What failed while nobody was looking. Who does it by hand sees it."""
    if entry.data.get("why") != SCHEDULE or entry.data.get("ok"):
        return None
    where, store = f"{scene.project}/{scene.environment}", entry.data["store"]
    what, command = NAMES[entry.kind]
    reason = entry.data.get("reason") or "; ".join(map(str, entry.data.get("wrong") or ()))
    lines = (
        f"reason: {_shown(reason, scene)}",
        _moment(entry.time),
        f"next: fairlead {command} {scene.environment} {store}",
    )
    return Message(f"{where}#{entry.number}", ("failed",), f"{where}: {what} of {store} failed", lines, "failure")


def _isolation(entry: Entry, scene: Scene) -> Message | None:
    """A role can do what it must not."""
    if entry.data.get("ok") is not False:
        return None
    where, database = f"{scene.project}/{scene.environment}", entry.data["database"]
    found = [f"{one['role']} {one['what']}" for one in entry.data.get("breaches") or ()]
    lines = (
        f"reason: {_shown('; '.join(found), scene)}",
        _moment(entry.time),
        f"next: fairlead db isolation {scene.environment} {database}",
    )
    return Message(f"{where}#{entry.number}", ("failed",), f"{where}: isolation of {database} broke", lines, "failure")


def _contract(entry: Entry, scene: Scene) -> Message:
    """What waited for the old release to go."""
    where, release = f"{scene.project}/{scene.environment}", entry.data["release"]
    lines = (
        f"reason: {_shown(str(entry.data.get('reason') or ''), scene)}",
        f"{release} stays live, with the schema as it was; it is tried again",
        _moment(entry.time),
        f"next: fairlead db plan {scene.environment} --contract",
    )
    what = f"what waited for the release before {release} to go could not be run"
    return Message(f"{where}#{entry.number}", ("failed",), f"{where}: {what}", lines, "failure")


def _days(seconds: float) -> str:
    return f"{seconds / 86400:g} days" if seconds >= 86400 else _duration(seconds)


def _undone(entry: Entry, scene: Scene) -> Message:
    reason = str(entry.data.get("reason") or "")
    if entry.data.get("recovered") or reason == KILLED:
        what = f"{_operation(scene)} was undone: its deployer was killed"
        return _message(entry, scene, ("recovered", "failed"), what, "warning", act="status")
    events = ("failed", "rolled-back") if _is_rollback(scene) else ("failed",)
    still = f", {scene.begun.data['previous']} stays live" if scene.begun.data.get("previous") else ""
    more = [f"reason: {_shown(reason, scene)}"]
    more += [f"could not be taken back: {', '.join(map(str, missing))}"] if (missing := _missing(entry)) else []
    more += [f"the schema stays: {_shown(one, scene)}" for one in entry.data.get("kept") or ()]
    return _message(entry, scene, events, f"{_operation(scene)} failed{still}", "failure", more, "status")


def _missing(entry: Entry) -> list[Any]:
    return list(entry.data.get("incomplete") or ())


def _message(
    entry: Entry, scene: Scene, events: tuple[str, ...], what: str, severity: Severity,
    more: list[str] | None = None, act: str = "status",
) -> Message:  # fmt: skip
    where = f"{scene.project}/{scene.environment}"
    lines = [*_facts(scene), *(more or []), *_figures(entry, scene)]
    lines.append(f"rollout {entry.rollout}, {_moment(entry.time)}")
    lines.append(f"next: fairlead {act} {scene.environment}")
    return Message(f"{where}#{entry.number}", events, f"{where}: {what}", tuple(lines), severity)


def _is_rollback(scene: Scene) -> bool:
    return scene.begun.data.get("operation") == "rollback"


def _operation(scene: Scene) -> str:
    verb = {"rollback": "rollback to", "promote": "promotion of", ROTATE: "rotation of secrets with"}.get(
        str(scene.begun.data.get("operation")), "deploy of"
    )
    return f"{verb} {scene.begun.data.get('release')}"


def _facts(scene: Scene) -> Iterator[str]:
    """Which release, of what, by whom, why."""
    data = scene.begun.data
    before = f" (before: {data['previous']})" if data.get("previous") else ""
    yield f"release {data.get('release')}{before}"
    origin = data.get("origin") or {}
    if git := origin.get("git"):
        branch = f" on {git['branch']}" if git.get("branch") else ""
        dirty = " with changes" if git.get("dirty") else ""
        yield _shown(f"commit {str(git.get('commit'))[:10]}{branch}{dirty}: {git.get('subject', '')}", scene)
    if person := _who(origin):
        yield f"by {person}"
    if data.get("why"):
        yield f"why: {_shown(data['why'], scene)}"


def _who(origin: dict[str, Any]) -> str:
    if origin.get("automatic"):
        return f"Fairlead itself ({origin['automatic']})"
    ci = origin.get("ci")
    if isinstance(ci, dict):
        return " ".join(str(ci[key]) for key in ("name", "job", "user") if ci.get(key))
    return f"{origin['user']}@{origin.get('host')}" if origin.get("user") else ""


def _figures(entry: Entry, scene: Scene) -> Iterator[str]:
    """How long it took, and what it cost."""
    if entry.kind != CLOSED:
        return
    took = entry.data.get("seconds") or (entry.when() - scene.begun.when()).total_seconds()
    report = entry.data.get("report") or {}
    counted = (
        f", {report.get('requests', 0)} requests meanwhile, {report.get('lost', 0)} lost, "
        f"{report.get('application_errors', 0)} application errors"
    )
    yield f"took {_duration(float(took))}{counted if report else ''}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _moment(stamp: str) -> str:
    return f"{stamp[:10]} {stamp[11:19]} UTC"


def _shown(text: object, scene: Scene) -> str:
    """Without secrets, and short enough: of a long reason its beginning and, where the last log lines are, its end."""
    clean = masked(str(text or "")[:20_000], scene.hidden).strip()
    if len(clean) <= LONGEST_REASON:
        return clean
    return f"{clean[: LONGEST_REASON // 3]} […] {clean[-LONGEST_REASON * 2 // 3 :]}"


def digest(messages: list[Message]) -> Message:
    """Several as one: the last one whole, the titles of those before it."""
    *before, last = messages
    if not before:
        return last
    shown = [f"- {one.title}" for one in before[-5:]]
    more = [f"- and {len(before) - 5} before those"] if len(before) > 5 else []
    worst = max(messages, key=lambda one: ("info", "success", "warning", "failure").index(one.severity))
    lines = (*last.lines, f"and {len(before)} more since the last message:", *shown, *more)
    return Message(last.key, last.events, f"{last.title} and {len(before)} more", lines, worst.severity)


def probe(project: str, environment: str, moment: str) -> Message:
    """What `fairlead notify test` sends."""
    where = f"{project}/{environment}"
    lines = ("this is how word of deployments will reach you", f"sent by `fairlead notify test`, {_moment(moment)}")
    return Message(f"{where}#test", ("test",), f"{where}: a test message of Fairlead", lines, "info")
