"""Rotate a secret while it is in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.artifacts import describe_actor
from fairlead.errors import Busy, FairleadError, Interrupted, RolloutFailed, UsageError
from fairlead.masking import Secret
from fairlead.operations.environment import LOCK_PATIENCE, Environment, existing
from fairlead.operations.rotation.preflight import examine, require_apart
from fairlead.operations.rotation.recovery import advance, prepare, rotator_of
from fairlead.operations.secrets.supply import Supply
from fairlead.project.problem import did_you_mean
from fairlead.project.project import Project
from fairlead.project.stack import SecretSpec, Stack, to_data
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.world import pass_by
from fairlead.secrets.generate import generate
from fairlead.secrets.rotation.journal import Journal, OpenRotation, last_closed, open_rotation
from fairlead.secrets.rotation.kinds.base import RotationKind
from fairlead.secrets.rotation.kinds.table import KINDS
from fairlead.secrets.rotation.slot import Slot
from fairlead.secrets.rotation.steps import Step
from fairlead.system.home import Place

LOOK = 0.5  #: seconds between two looks whether the keeper went on
PATIENCE = 600.0  #: seconds to wait for the keeper while it goes on with this very rotation


@dataclass(frozen=True, slots=True)
class Options:
    """How to rotate."""

    wait: float = LOCK_PATIENCE  #: seconds for another one who holds the environment
    stay: bool = True  #: until it has come to its end; else the keeper goes on when a time has passed
    emergency: bool = False  #: the old value is known to others: wait for nobody
    why: str = ""
    value: Secret | None = None  #: the new one; None: it is made
    checkpoint: Callable[[str], None] = pass_by  #: called at every point of the journal, with its name
    kinds: Mapping[str, RotationKind] = None  # type: ignore[assignment]  #: None: all there are


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it."""

    secret: str
    rotation: int
    left: float  #: seconds until the keeper goes on; 0: it has come to its end
    seconds: float
    notes: tuple[str, ...] = ()


def preview(project: Project, environment: str, secret: str) -> tuple[Step, ...]:
    """The steps of a rotation. Nothing is read or changed."""
    spec = spec_of(project.stack(environment), secret)
    return KINDS[spec.rotate.kind].plan(secret, spec.rotate)


def spec_of(stack: Stack, secret: str) -> SecretSpec:
    """How it is declared. UsageError when it is not."""
    known = [one.name for one in stack.secrets]
    found = next((one for one in stack.secrets if one.name == secret), None)
    if found is None:
        hint = f"the project file has {', '.join(known)}" if known else "declare it under `secrets`"
        raise UsageError(f'there is no secret "{secret}"{did_you_mean(secret, known)}', hint)
    return found


def rotate(project: Project, name: str, secret: str, options: Options = Options(), emit: Emit = silent) -> Rotated:
    """Give it another value, without anybody being refused.

    Refused (a check before anything was touched), Busy (locked, or a rotation of it is under way), RolloutFailed (it
    was undone), Interrupted, Unavailable and ReadOnly (of the back end).
    """
    stack, place = project.stack(name), Place.of(project.name, name)
    spec = spec_of(stack, secret)
    with existing(place, emit) as environment:
        environment.world.checkpoint = options.checkpoint
        work = _Work(environment, Supply(stack, project.root, place), spec, options, time.monotonic())
        with environment.held(f"fairlead secrets rotate {name} {secret}", options.wait):
            left = work.begin()
        return work.stay(left) if options.stay and left else work.result(left)


@dataclass
class _Work:
    environment: Environment
    supply: Supply
    spec: SecretSpec
    options: Options
    since: float
    number: int = 0

    @property
    def kinds(self) -> Mapping[str, RotationKind]:
        return self.options.kinds or KINDS

    @property
    def kind(self) -> RotationKind:
        return self.kinds[self.spec.rotate.kind]

    def begin(self) -> float:
        """Under the lock."""
        prepare(self.environment, self.kinds)
        self._require_none_open()
        if not self.options.emergency:
            require_apart(self.environment.ledger, self.spec, self.kind)
        else:
            self.environment.world.say("note", f"emergency: {self.kind.breaks(self.spec.rotate)}")
        slot = examine(self.supply, self.environment, self.spec, self.kind, self._value())
        plan = self.kind.plan(self.spec.name, self.spec.rotate)
        journal = Journal.begin(self.environment.ledger, self.spec.name, plan, self._facts(slot))
        self.number = journal.number
        return self._carry(self._open(), slot)

    def _value(self) -> Secret:
        if self.options.value is not None:
            return self.options.value
        how = self.spec.generate
        if how is None:
            hint = "give the new value by standard input, or declare how it is made (`generate`)"
            raise UsageError(f"{self.spec.name} is not made by Fairlead, so its new value has to be given", hint)
        return generate(how.kind, how.length)

    def _facts(self, slot: Slot) -> dict[str, Any]:
        return {
            "kind": self.spec.rotate.kind, "old": slot.old.fingerprint, "new": slot.new.fingerprint,
            "emergency": self.options.emergency, "why": self.options.why, "origin": describe_actor(),
            "root": str(self.supply.root), "spec": to_data(self.spec),
        }  # fmt: skip

    def _require_none_open(self) -> None:
        rotation = open_rotation(self.environment.ledger, self.spec.name)
        if rotation is None:
            return
        if self.options.emergency:
            self.environment.world.say("note", "the rotation under way is brought to its end at once")
            advance(rotator_of(self.environment, rotation, self.kinds, self.supply.backend.set, hurry=True))
            return
        what = f"a rotation of {self.spec.name} is under way: it goes on in {rotation.left():.0f} s"
        raise Busy(what, "wait for it; --emergency brings it to its end at once, and says what that breaks")

    def _open(self) -> OpenRotation:
        rotation = open_rotation(self.environment.ledger, self.spec.name)
        if rotation is None:
            raise FairleadError(f"the rotation of {self.spec.name} is over")
        return rotation

    def _carry(self, rotation: OpenRotation, slot: Slot) -> float:
        """Go on; what fails before services use the new value is undone, and so is a back end that refuses it."""
        hurry = self.options.emergency
        rotator = rotator_of(self.environment, rotation, self.kinds, self.supply.backend.set, hurry)
        rotator.staged = slot
        try:
            return rotator.go()
        except (FairleadError, OSError, KeyboardInterrupt) as error:
            now = self._open()
            interrupted = isinstance(error, KeyboardInterrupt)
            reason = "interrupted" if interrupted else str(error)
            if now.published and not self._refused_by_back_end(now):
                hint = getattr(error, "hint", None) or "mend that; the keeper goes on trying"
                raise FairleadError(f"{self.spec.name} is in use, but not at its end: {reason}", hint) from error
            self.environment.world.say("note", reason)
            rotator.rotation = now
            left = rotator.back(reason)
            later = f"; the new value is accepted for another {left:.0f} s, then the keeper forgets it" if left else ""
            kind = Interrupted if interrupted else RolloutFailed
            raise kind(f"undone: {reason}{later}", getattr(error, "hint", None)) from error

    def _refused_by_back_end(self, rotation: OpenRotation) -> bool:
        step = next(iter(rotation.to_do()), None)
        return step is not None and step.kind == "store"

    def stay(self, left: float) -> Rotated:
        """Wait without the lock, and go on when the time has come, unless the keeper was first."""
        try:
            while left:
                self.environment.world.say("note", f"goes on in {left:.0f} s", secret=self.spec.name, left=left)
                self._sleep(left)
                left = self._again()
        except KeyboardInterrupt as error:
            what = f"the rotation of {self.spec.name} goes on without this command: the keeper finishes it"
            raise Interrupted(what, f"fairlead secrets due {self.environment.place.environment}") from error
        return self.result(0.0)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0 and open_rotation(self.environment.ledger, self.spec.name):
            time.sleep(min(rest, max(LOOK, seconds / 100)))

    def _again(self) -> float:
        with self.environment.held(f"fairlead secrets rotate {self.spec.name}", PATIENCE):
            rotation = open_rotation(self.environment.ledger, self.spec.name)
            if rotation is None or rotation.journal.number != self.number:
                return 0.0
            return rotation.left() or advance(
                rotator_of(self.environment, rotation, self.kinds, self.supply.backend.set)
            )

    def result(self, left: float) -> Rotated:
        """What the ledger says came of it. RolloutFailed when it was undone meanwhile."""
        notes: tuple[str, ...] = ()
        if not left:
            closed = last_closed(self.environment.ledger, self.spec.name)
            if closed is None or closed.data["rotation"] != self.number:
                raise RolloutFailed(f"the rotation of {self.spec.name} was undone", "fairlead ledger show says why")
            notes = tuple(closed.data.get("notes", ()))
        return Rotated(self.spec.name, self.number, left, round(time.monotonic() - self.since, 3), notes)


def to_json(done: Rotated) -> dict[str, Any]:
    """For machines."""
    return asdict(done)
