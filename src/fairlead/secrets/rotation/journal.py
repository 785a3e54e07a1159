"""The journal of rotations: entries in the ledger, with fingerprints and never a value.

secret.begun      the plan, whole, who wants it and why, the fingerprints of the old and the new value
secret.step       a step is about to be done
secret.done       it has been done, and the state of each version after it
secret.waiting    a time has to pass; whoever comes when it has goes on
secret.undoing    from here on back, with the reason
secret.undo       a step is about to be taken back
secret.undone     it has been taken back
secret.closed     nothing is left to do: result `rotated` or `undone`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairlead.ledger.entry import Entry
from fairlead.ledger.ledger import Ledger
from fairlead.secrets.rotation.steps import Step
from fairlead.system import clock

BEGUN, CLOSED, WAITING, UNDOING = "secret.begun", "secret.closed", "secret.waiting", "secret.undoing"
STEP, DONE, UNDO, UNDONE = "secret.step", "secret.done", "secret.undo", "secret.undone"
KINDS = (BEGUN, STEP, DONE, WAITING, UNDOING, UNDO, UNDONE, CLOSED)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time on both clocks: within one start of the machine a wall clock that is set moves nothing."""

    wall: float  #: seconds since 1970, UTC
    boot: float  #: seconds since the machine started
    id: str  #: of that start

    @classmethod
    def now(cls) -> Moment:
        """This one."""
        return cls(clock.now().timestamp(), clock.boot_seconds(), clock.boot_id())

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Moment:
        """As the ledger has it."""
        return cls(float(data["wall"]), float(data["boot"]), str(data["id"]))

    def to_data(self) -> dict[str, object]:
        """For the ledger."""
        return {"wall": self.wall, "boot": self.boot, "id": self.id}

    def passed(self) -> float:
        """Seconds since then, never less than 0."""
        now = Moment.now()
        return max(0.0, now.boot - self.boot if now.id == self.id else now.wall - self.wall)


@dataclass(frozen=True, slots=True)
class Wait:
    """A time that has to pass."""

    since: Moment
    seconds: float

    def left(self) -> float:
        """Seconds of it; 0 when it is over."""
        return max(0.0, self.seconds - self.since.passed())


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes the entries of one rotation."""

    ledger: Ledger
    number: int  #: of the entry that began it
    secret: str

    @classmethod
    def begin(cls, ledger: Ledger, secret: str, plan: tuple[Step, ...], facts: Mapping[str, object]) -> Journal:
        """A new rotation."""
        data = {"secret": secret, **facts, "plan": [step.to_data() for step in plan]}
        return cls(ledger, ledger.append(BEGUN, data).number, secret)

    def write(self, kind: str, step: Step, **more: object) -> None:
        """One about a step."""
        self._append(kind, {"step": step.id, "what": step.shown(), **more})

    def wait(self, step: Step) -> None:
        """From now on `step.seconds` have to pass."""
        self.write(WAITING, step, seconds=step.seconds, since=Moment.now().to_data())

    def undoing(self, reason: str) -> None:
        """From here on back."""
        self._append(UNDOING, {"reason": reason})

    def close(self, result: str, facts: Mapping[str, object]) -> None:
        """Nothing is left to do."""
        self._append(CLOSED, {"result": result, **facts, "at": Moment.now().to_data()})

    def _append(self, kind: str, data: Mapping[str, object]) -> None:
        self.ledger.append(kind, {"rotation": self.number, "secret": self.secret, **data})


@dataclass(frozen=True, slots=True)
class OpenRotation:
    """A rotation that was begun and not closed, as the journal has it."""

    journal: Journal
    facts: dict[str, Any]
    plan: tuple[Step, ...]
    begun: frozenset[str]  #: ids of steps
    done: Mapping[str, Moment]  #: ids of steps, and when each was done
    undone: frozenset[str]
    waits: Mapping[str, Wait] = field(default_factory=dict)  #: by the id of the step
    last: Wait | None = None  #: what is waited for now
    reason: str | None = None  #: why it is being undone, when it is

    @property
    def secret(self) -> str:
        """Whose rotation it is."""
        return self.journal.secret

    @property
    def published(self) -> bool:
        """Whether services use the new value: from there on only forward."""
        return any(step.kind == "publish" and step.id in self.done for step in self.plan)

    def to_do(self) -> tuple[Step, ...]:
        """Steps not known to be done, in order."""
        return tuple(step for step in self.plan if step.id not in self.done)

    def to_undo(self) -> tuple[Step, ...]:
        """Steps that may have changed something, the last one first."""
        return tuple(step for step in reversed(self.plan) if step.id in self.begun and step.id not in self.undone)

    def left(self) -> float:
        """Seconds until somebody has to go on with it; 0: now."""
        return self.last.left() if self.last else 0.0


def open_rotations(ledger: Ledger) -> tuple[OpenRotation, ...]:
    """All that somebody left unfinished, or that wait, the oldest first."""
    last = ledger.last(*KINDS)
    if last is None:
        return ()
    begun: dict[int, Entry] = {}
    for entry in ledger.entries(kinds=(BEGUN, CLOSED)):
        if entry.kind == BEGUN:
            begun[entry.number] = entry
        else:
            begun.pop(int(entry.data["rotation"]), None)
    return tuple(_read(ledger, entry) for entry in begun.values())


def open_rotation(ledger: Ledger, secret: str) -> OpenRotation | None:
    """The one of that secret."""
    return next((one for one in open_rotations(ledger) if one.secret == secret), None)


def last_closed(ledger: Ledger, secret: str) -> Entry | None:
    """The entry of the last rotation of that secret that came to its end."""
    closed = ledger.entries(kinds=(CLOSED,), newest_first=True)
    return next((one for one in closed if (one.data["secret"], one.data["result"]) == (secret, "rotated")), None)


def _read(ledger: Ledger, begin: Entry) -> OpenRotation:
    begun: set[str] = set()
    undone: set[str] = set()
    done: dict[str, Moment] = {}
    waits: dict[str, Wait] = {}
    last, reason = None, None
    for entry in ledger.entries(after=begin.number, kinds=KINDS):
        if entry.data.get("rotation") != begin.number:
            continue
        step, last = str(entry.data.get("step", "")), None
        if entry.kind == STEP:
            begun.add(step)
        elif entry.kind == DONE:
            done[step] = Moment.of(entry.data["at"])
        elif entry.kind == UNDONE:
            undone.add(step)
        elif entry.kind == WAITING:
            last = waits[step] = Wait(Moment.of(entry.data["since"]), float(entry.data["seconds"]))
        elif entry.kind == UNDOING:
            reason = str(entry.data["reason"])
    plan = tuple(Step.from_data(data) for data in begin.data["plan"])
    journal = Journal(ledger, begin.number, str(begin.data["secret"]))
    return OpenRotation(journal, dict(begin.data), plan, frozenset(begun), done, frozenset(undone), waits, last, reason)
