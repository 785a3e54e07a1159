"""Does a plan step by step, each written to the journal before and after; on failure takes everything back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from fairlead.errors import FairleadError, Interrupted, RolloutFailed, Waiting
from fairlead.masking import concealed
from fairlead.rollout.actions import Actions
from fairlead.rollout.journal import Journal, OpenRollout, open_rollout
from fairlead.rollout.steps import Step
from fairlead.rollout.world import World


class Executor:
    """Carries one rollout, a new one or one that somebody left unfinished."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world = world
        self.journal = journal
        self.actions = Actions(world, journal)
        self._at: Step | None = None  #: the step that is being done

    def run(self, plan: tuple[Step, ...]) -> None:
        """The whole plan. RolloutFailed or Interrupted when it was undone; FairleadError when even that failed.

        Waiting when a person has to decide: then it stays as it is, and `resume` goes on. A failure after the commit
        point is not undone: the release is live, and recovery finishes the rest.
        """
        self._tell(plan)
        self._carry(plan)

    def resume(self, rollout: OpenRollout) -> None:
        """Go on with a rollout that waits for a person. Errors as with `run`."""
        self.actions.go_on(rollout)
        self.journal.resume()
        self._tell(rollout.plan, rollout.done)
        self._carry(rollout.to_do())

    def _tell(self, plan: tuple[Step, ...], done: Collection[str] = ()) -> None:
        """What is about to be done, and what of it is done already."""
        steps = [one.shown() for one in plan]
        self.world.say("plan", f"{len(plan)} steps", rollout=self.journal.rollout, steps=steps, done=sorted(done))

    def _carry(self, steps: tuple[Step, ...]) -> None:
        try:
            self._forward_while_told(steps)
        except Waiting:
            raise  # nothing failed: it stays as it is
        except (FairleadError, OSError, KeyboardInterrupt) as error:
            rollout = open_rollout(self.journal.ledger)
            if rollout is None or rollout.committed:
                raise
            reason = "interrupted" if isinstance(error, KeyboardInterrupt) else concealed(str(error))
            self.world.say("failed", reason)
            self._back_for_sure(rollout, reason)
            kind = Interrupted if isinstance(error, KeyboardInterrupt) else RolloutFailed
            failed = kind(f"undone: {reason}", getattr(error, "hint", None))
            failed.kept = (*self.actions.migrating.kept, *self.actions.incomplete)
            raise failed from error

    def _forward_while_told(self, steps: tuple[Step, ...]) -> None:
        """Forward, and on when somebody said something just before it was written down that nobody carries it."""
        while True:
            try:
                return self.forward(steps)
            except Waiting as error:
                self._wait(error.message)
                rollout = open_rollout(self.journal.ledger) if self.actions.orders.look() else None
                if rollout is None:
                    raise
                self.journal.resume()
                steps = rollout.to_do()

    def _wait(self, why: str) -> None:
        """Leave it to a person, as it is."""
        if self._at is None:
            raise AssertionError("only a step waits")
        self._point("waits", self._at)
        self.journal.wait(self._at, self.world.shares, why, self.actions.judging.known())
        self._point("waiting", self._at)
        self.world.say("waiting", why, rollout=self.journal.rollout, step=self._at.id)

    def _back_for_sure(self, rollout: OpenRollout, reason: str) -> None:
        """The way back is what an interruption asks for, so the first one that comes meanwhile changes nothing."""
        try:
            self.back(rollout, reason)
        except KeyboardInterrupt:
            self.world.say("note", "already going back; once more to leave it to the keeper")
            self.back(open_rollout(self.journal.ledger) or rollout, reason)

    def forward(self, steps: Iterable[Step]) -> None:
        """Do steps in order."""
        for step in steps:
            self._at = step
            if step.kind != "prune":  # after the commit it is too late
                self.actions.heed(step)
            self._point("before", step)
            self.journal.step("step.begun", step)
            self.world.say("step", step.shown(), step=step.id)
            self._point("begun", step)
            begun = time.monotonic()
            self.actions.do(step)
            self._point("acted", step)
            self.journal.step("step.done", step)
            self.world.say("done", step.shown(), step=step.id, seconds=round(time.monotonic() - begun, 3))
            self._point("done", step)

    def back(self, rollout: OpenRollout, reason: str) -> None:
        """Undo all steps that were begun, the last one first, and close the rollout.

        The first step that cannot be undone stops the way back, since those before it rest on it (an instance that
        serves is not stopped while the one before it does not). The rollout stays open, and recovery tries again.
        """
        self._note(lambda: self.journal.undoing(reason))
        self.world.say("undo", f"going back: {reason.splitlines()[0]}", reason=reason)
        for step in rollout.to_undo():
            try:
                self._undo(step)
            except FairleadError as error:
                stuck = f"rollout {self.journal.rollout} failed ({reason.splitlines()[0]}) and is half undone"
                why = f"{stuck}: cannot take back `{step.shown()}`: {error.message}"
                raise FairleadError(why, error.hint or "mend that; the keeper goes on trying") from error
        missing, kept = self.actions.incomplete, self.actions.migrating.kept
        facts = {"reason": reason, "incomplete": missing} | ({"kept": kept} if kept else {})
        self._note(lambda: self.journal.close("undone", facts))
        text = (
            f"undone, but for what does not come back: {'; '.join(missing)}" if missing else "everything is as it was"
        )
        text += f", but for the schema: {'; '.join(kept)}" if kept else ""
        self.world.say("undone", text, reason=reason, incomplete=missing, kept=kept)

    def _undo(self, step: Step) -> None:
        self._point("undo before", step)
        self._note(lambda: self.journal.step("undo.begun", step))
        self._point("undo begun", step)
        self.world.with_space(lambda: self.actions.undo(step))
        self._point("undo acted", step)
        self._note(lambda: self.journal.step("undo.done", step))
        self._point("undo done", step)

    def _note(self, write: Callable[[], None]) -> None:
        """Write to the journal on the way back. A disk that stays full must not stop it: undoing twice does no harm."""
        try:
            self.world.with_space(write)
        except FairleadError as error:
            self.world.say("note", f"could not be written down: {error.message}")

    def _point(self, name: str, step: Step) -> None:
        self.world.checkpoint(f"{name} {step.id}")
