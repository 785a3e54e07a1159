"""Does a rotation step by step, each written to the ledger before and after; takes it back when one fails.

Before services use the new value everything can be undone without anybody noticing. After that it goes forward, or
services are given the old value again, which still works: nothing refuses it before nobody can hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.masking import Secret, concealed
from fairlead.operations.environment import Environment
from fairlead.operations.rotation.hands import Hands
from fairlead.operations.rotation.servers import server_of
from fairlead.project.stack import SecretSpec, Stack
from fairlead.secrets.base import ReadOnly
from fairlead.secrets.rotation import journal as entries
from fairlead.secrets.rotation import slot as slots
from fairlead.secrets.rotation.journal import Moment, OpenRotation
from fairlead.secrets.rotation.kinds.base import RotationKind, Server
from fairlead.secrets.rotation.slot import Slot
from fairlead.secrets.rotation.steps import Kind, Step

Store = Callable[[Mapping[str, Secret]], None]
POLL = 0.5  #: seconds between two looks at who still holds the old value


class NotYet(Exception):
    """A time has to pass first."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass
class Rotator:
    """Carries one rotation. The caller holds the environment's lock."""

    environment: Environment
    rotation: OpenRotation
    spec: SecretSpec
    kind: RotationKind
    store: Store  #: keeps values in the back end; FairleadError when it cannot
    staged: Slot | None = None  #: the values, where the rotation has not begun yet
    hurry: bool = False  #: nobody is waited for
    notes: list[str] = field(default_factory=list)  #: what a person should know of the end

    @property
    def _secrets(self) -> Path:
        return self.environment.place.secrets

    def go(self) -> float:
        """Forward, as far as it goes now. Seconds that have to pass until it goes on; 0: it has come to its end.

        FairleadError when a step fails; then nothing is undone yet.
        """
        for step in self.rotation.to_do():
            try:
                self._do(step)
            except NotYet as wait:
                return wait.seconds
        self.rotation.journal.close("rotated", {"notes": self.notes, "new": self.rotation.facts["new"]})
        self.environment.world.say("note", f"{self.spec.name} is rotated", secret=self.spec.name)
        return 0.0

    def back(self, reason: str) -> float:
        """Undo all that was begun, the last step first. Seconds that have to pass until it goes on, as `go`.

        FairleadError when that fails: it stays open then.
        """
        if self.rotation.reason is None:
            self._note(lambda: self.rotation.journal.undoing(concealed(reason)))
        self.environment.world.say("note", f"going back: {reason.splitlines()[0]}", reason=reason)
        try:
            for step in self.rotation.to_undo():
                self._undo(step)
        except NotYet as wait:
            return wait.seconds
        self.rotation.journal.close("undone", {"reason": concealed(reason)})
        self.environment.world.say("note", "everything is as it was", reason=reason)
        return 0.0

    def _undo(self, step: Step) -> None:
        self._point("undo before", step)
        if step.kind in ("accept", "announce"):
            self._cool()
        self._note(lambda: self.rotation.journal.write(entries.UNDO, step))
        self._point("undo begun", step)
        action = _UNDO.get(step.kind)
        if action:
            self.environment.world.with_space(lambda: action(self, step))
        self._point("undo acted", step)
        self._note(lambda: self.rotation.journal.write(entries.UNDONE, step))
        self._point("undo done", step)

    def _note(self, write: Callable[[], None]) -> None:
        """A disk that stays full must not stop the way back: what is not written down is undone twice, without harm."""
        try:
            self.environment.world.with_space(write)
        except FairleadError as error:
            self.environment.world.say("note", f"could not be written down: {error.message}")

    def _cool(self) -> None:
        """Services that had the new value may have used it: it is accepted until what came of that is over."""
        used = any(step.kind == "publish" and step.id in self.rotation.begun for step in self.rotation.plan)
        if not used or self.hurry:
            return
        step = Step("wait", self.spec.name, self.kind.cooling(self.spec.rotate), "the new value was in use")
        self._pass(step)

    def _do(self, step: Step) -> None:
        self._point("before", step)
        if step.id not in self.rotation.waits:
            self.rotation.journal.write(entries.STEP, step)
            self.environment.world.say("note", step.shown(), secret=self.spec.name, rotating=step.id)
            self._point("begun", step)
        _DO[step.kind](self, step)
        self._point("acted", step)
        slot = slots.load(self._secrets, self.spec.name)
        states = slot.states() if slot else {str(self.rotation.facts["new"]): "live"}
        self.rotation.journal.write(entries.DONE, step, at=Moment.now().to_data(), states=states)
        self._point("done", step)

    def _point(self, name: str, step: Step) -> None:
        self.environment.world.checkpoint(f"{self.spec.name} {name} {step.id}")

    def _hands(self, step: Step) -> Hands:
        return Hands(self.environment, self.spec, f"{self.spec.name} {step.id}")

    def _slot(self) -> Slot:
        found = slots.load(self._secrets, self.spec.name)
        if found is None:
            what = f"the values of {self.spec.name}, which is being rotated, are gone from {self._secrets}"
            raise FairleadError(what, "restore the folder from a backup")
        return found

    def _save(self, slot: Slot) -> Slot:
        slots.save(self._secrets, slot)
        return slot

    def _server(self, slot: Slot) -> Server:
        live = self.environment.state.live
        stack = self.environment.world.releases.load(live).stack if live else Stack("", "")
        server = server_of(stack, self.environment.place, self.kind, self.spec, slot, live)
        if server is None:
            raise AssertionError("only a kind with a server plans a step that needs it")
        return server

    def _tell(self, notes: Sequence[str]) -> None:
        for note in notes:
            self.notes.append(note)
            self.environment.world.say("note", note)

    def stage(self, step: Step) -> None:
        """Both, in the slot."""
        if self.staged:
            self._save(self.staged)
        self._slot()

    def unstage(self, step: Step) -> None:
        """Forget the new one."""
        self._hands(step).sweep()
        slots.forget(self._secrets, self.spec.name)

    def accept(self, step: Step) -> None:
        """Both."""
        slot = self._slot()
        self._tell(self._server(slot).accept(slot.new.value))
        self._save(slot.moved("live", "staged"))

    def unaccept(self, step: Step) -> None:
        """The old one alone; nobody has the new one."""
        slot = self._slot()
        self._server(slot).refuse(slot.new.value, slot.old.value)
        self._save(slot.moved("live", "prepared"))

    def verify(self, step: Step) -> None:
        """For real."""
        slot = self._slot()
        self._server(slot).verify(slot.new.value)

    def announce(self, step: Step) -> None:
        """Key sets have both, the old one signs."""
        slot = self._save(self._slot().moved("live", "staged"))
        self._hands(step).spread(slot)

    def unannounce(self, step: Step) -> None:
        """Key sets have the old one alone."""
        slot = self._save(self._slot().moved("live", "prepared"))
        self._hands(step).spread(slot)

    def wait(self, step: Step) -> None:
        """From when it was written down on, whoever looks."""
        if not self.hurry:
            self._pass(step)

    def _pass(self, step: Step) -> None:
        begun = self.rotation.waits.get(step.id)
        left = begun.left() if begun else step.seconds
        if left <= 0:
            return
        if begun is None:
            self.rotation.journal.wait(step)
            self._point("waiting", step)
        raise NotYet(left)

    def publish(self, step: Step) -> None:
        """The old one drains from here on."""
        slot = self._save(self._slot().moved("draining", "live"))
        self._hands(step).apply(slot)

    def unpublish(self, step: Step) -> None:
        """The old one again: it is still accepted."""
        slot = self._slot()
        back = self._save(slot.moved("live", "staged"))
        self._hands(step).spread(back)

    def keep(self, step: Step) -> None:
        """In the back end, for the next deployment."""
        self.store({self.spec.name: self._slot().new.value})

    def unkeep(self, step: Step) -> None:
        """The old one, where the back end took the new one."""
        try:
            self.store({self.spec.name: self._slot().old.value})
        except ReadOnly:
            return  # it has never changed
        except FairleadError as error:
            self._tell([f"{error.message}: see that {self.spec.name} has its old value there"])

    def spread(self, step: Step) -> None:
        """To all that are kept."""
        self._hands(step).spread(self._slot())

    def drain(self, step: Step) -> None:
        """Nobody is cut off, but in an emergency; who stays connected is told of."""
        slot = self._slot()
        self._hands(step).spread(slot)
        server = self._server(slot)
        age = self._since_publication()
        if self.hurry:
            server.expel(age)
            return
        left_open = server.holders(age)
        if not left_open:
            return
        try:
            self._pass(step)
        except NotYet as wait:
            raise NotYet(min(POLL, wait.seconds)) from None
        what = f"{left_open} connections made with the old {self.spec.name} are still open"
        self._tell([f"{what}: they go on until their clients connect anew, which they do with the new one"])

    def _since_publication(self) -> float:
        publish = next(step for step in self.rotation.plan if step.kind == "publish")
        done = self.rotation.done.get(publish.id)
        return done.passed() if done else 0.0

    def refuse(self, step: Step) -> None:
        """The new one alone. Whoever could have the old one has the new one by now; that is looked at once more."""
        slot = self._slot()
        self._hands(step).spread(slot)
        self._tell(self._server(slot).refuse(slot.old.value, slot.new.value))
        self._save(slot.moved("retired", "live"))

    def withdraw(self, step: Step) -> None:
        """Key sets have the new one alone."""
        slot = self._save(self._slot().moved("retired", "live"))
        self._hands(step).spread(slot)

    def retire(self, step: Step) -> None:
        """No file has it any more."""
        self._hands(step).sweep()
        slots.forget(self._secrets, self.spec.name)


_DO: dict[Kind, Callable[[Rotator, Step], None]] = {
    "stage": Rotator.stage, "accept": Rotator.accept, "verify": Rotator.verify, "announce": Rotator.announce,
    "wait": Rotator.wait, "publish": Rotator.publish, "store": Rotator.keep, "spread": Rotator.spread,
    "drain": Rotator.drain, "refuse": Rotator.refuse, "withdraw": Rotator.withdraw, "retire": Rotator.retire,
}  # fmt: skip

_UNDO: dict[Kind, Callable[[Rotator, Step], None]] = {
    "stage": Rotator.unstage, "accept": Rotator.unaccept, "announce": Rotator.unannounce,
    "publish": Rotator.unpublish, "store": Rotator.unkeep,
}  # fmt: skip
