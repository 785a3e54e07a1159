"""The steps that move schemas: done, and taken back only where that is proven to lose nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.rollout import schema, specs
from fairlead.rollout.databases import Note
from fairlead.rollout.journal import Journal
from fairlead.rollout.steps import Step
from fairlead.rollout.world import World
from fairlead.system import clock
from fairlead.system.looking import looking

ENOUGH = timedelta(minutes=15)  #: for which a backup before a migration is enough for the next try
CHANGES = (schema.APPLIED, schema.UNDONE, schema.MOVED, schema.KEPT)
LOOK = 1.0  #: seconds between two looks at the lock while another tool moves a schema


class Migrating:
    """Does and undoes those steps of one rollout. Each file that ran is written to the ledger."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world, self.journal = world, journal
        self.kept: list[str] = []  #: what of the schema stays although the rollout is taken back, in words

    def snapshot(self, step: Step) -> None:
        """Where the role may, a named restore point; where the store has backups, one of them."""
        label = f"fairlead-{step.release}-{self.journal.rollout}"
        had = backup_of_before(self.journal.ledger, step.service) if step.dump else ""
        made = self.world.databases.snapshot(self._release(step), step.service, label, step.dump and not had)
        if had:
            self.world.say("note", f"{step.service}: backup {had} of a moment ago has the same schema, and is enough")
            made = {**made, "backup": had, "made": False}
        self._write(schema.SNAPSHOT, {"store": step.service, **made})
        for text in made.get("notes", ()):
            self.world.say("note", f"{step.service}: {text}")

    def rehearse(self, step: Step) -> None:
        """On a copy; what it shows of undos counts in this rollout already. FairleadError where it must not be run."""
        found = self.world.databases.rehearse(self._release(step), step.service)
        for kind, data in found.entries:
            self._write(kind, data)
        more = {"undoable": list(found.undoable), "refused": bool(found.refused)}
        self._write(schema.REHEARSED, {"database": step.service, "what": found.what} | more)
        self.world.say("note", f"{step.service}: {found.what}")
        if found.refused:
            hint = f"correct it; all of it: fairlead db rehearse ENV {step.service}"
            raise FairleadError(found.refused, hint)

    def forget_copies(self, step: Step) -> None:
        """Whoever was killed has left its copy; one that cannot be removed now goes with the next one."""
        with suppress(FairleadError):
            self.world.databases.forget_copies(self._release(step), step.service)

    def migrate(self, step: Step) -> None:
        """By files, or by the command of another tool."""
        if step.job:
            self._by_job(step)
        else:
            self.world.databases.migrate(self._release(step), step.service, self._noting(step, schema.APPLIED))

    def inspect(self, step: Step) -> None:
        """Whether history and files agree, and what is declared to work works."""
        for text in self.world.databases.inspect(self._release(step), step.service):
            self.world.say("note", f"{step.service}: {text}")

    def _noting(self, step: Step, kind: str) -> Note:
        def note(script: str, ms: int) -> None:
            self._write(kind, {"database": step.service, "script": script, "ms": ms})
            self.world.say("note", f"{step.service}: {script} {'undone' if kind == schema.UNDONE else 'applied'}")

        return note

    def _by_job(self, step: Step) -> None:
        release = self._release(step)
        begun = time.monotonic()
        spec = specs.job_spec(release, step.job, self.world.machine(release))
        with self.world.databases.locked(release, step.service) as held, self._guarded(spec.id, held) as lost:
            try:
                self.world.runtime.run_job(spec, release.stack.job(step.job).timeout)
            except FairleadError as error:
                if lost():
                    raise _no_longer_alone(step) from error
                raise
            if not held():
                raise _no_longer_alone(step)
        seconds = round(time.monotonic() - begun, 3)
        self._write(schema.MOVED, {"database": step.service, "job": step.job, "seconds": seconds})

    @contextmanager
    def _guarded(self, id: str, held: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
        """While the job runs the lock is looked at; the job is ended when it is lost. Gives whether it was."""
        lost = threading.Event()

        def look() -> bool:
            if held():
                return False
            lost.set()
            self.world.runtime.stop([id])
            return True

        with looking(look, LOOK, "lock of the migrator"):
            yield lost.is_set

    def take_back(self, step: Step) -> None:
        """Where the undo of all that ran is proven to lose nothing; else the schema stays, which is said."""
        if step.job:
            id = specs.job_id(step.release, step.job)
            self.world.runtime.stop([id])
            self.world.runtime.remove([id])
            self._end_sessions(step)
            self._keep(step, (), f"what job {step.job} did, which only its tool could undo")
            return
        ran = self._ran(step)
        more = self._unnoted(step, ran)
        if ran and not more and set(ran) <= {*step.undoable, *self._shown(step)}:
            self._undo(step, ran)
        elif ran or more:
            self._keep(step, ran, ", ".join([*ran, *more]) + ": that an undo loses nothing is not proven")

    def _end_sessions(self, step: Step) -> None:
        """The server works on for a client that was killed, with locks behind which the old release waits: whoever
        takes the lock of migrators ends that. Where it cannot be had, whoever takes it next does so.
        """
        with suppress(FairleadError), self.world.databases.locked(self._release(step), step.service):
            pass

    def _undo(self, step: Step, ran: tuple[str, ...]) -> None:
        try:
            note = self._noting(step, schema.UNDONE)
            self.world.databases.undo(self._release(step), step.service, ran, note)
        except FairleadError as error:
            left = self._ran(step)
            self._keep(step, left, f"{', '.join(left)}, whose undo failed: {concealed(error.message)}")

    def _keep(self, step: Step, scripts: tuple[str, ...], what: str) -> None:
        self._write(schema.KEPT, {"database": step.service, "scripts": list(scripts), "what": what})
        self.kept.append(f"{step.service} keeps {what}")

    def _ran(self, step: Step) -> tuple[str, ...]:
        """The files that this rollout is known to have run, and that are not taken back."""
        kinds = [schema.APPLIED, schema.UNDONE]
        ran: dict[str, bool] = {}
        for entry in self.journal.ledger.entries(kinds=kinds, rollout=self.journal.rollout):
            if entry.data.get("database") == step.service:
                ran[str(entry.data["script"])] = entry.kind == schema.APPLIED
        return tuple(one for one, there in ran.items() if there)

    def _unnoted(self, step: Step, ran: tuple[str, ...]) -> list[str]:
        """What is there beside them: a kill came between a commit and its note, or somebody else migrated too.

        Nobody knows which, so it is never undone.
        """
        noted = {*ran, *self._noted(step, schema.UNDONE)}
        left = [one for one in step.scripts if one not in noted]
        if not left:
            return []
        try:
            there = self.world.databases.applied(self._release(step), step.service)
        except FairleadError:
            return [f"perhaps {left[0]} (the database does not say)"]
        return [one for one in left if one in there]

    def _shown(self, step: Step) -> set[str]:
        """Those of which its rehearsal has shown that an undo loses nothing."""
        entries = self.journal.ledger.entries(kinds=[schema.REHEARSED], rollout=self.journal.rollout)
        return {str(one) for it in entries if it.data.get("database") == step.service for one in it.data["undoable"]}

    def _noted(self, step: Step, kind: str) -> set[str]:
        entries = self.journal.ledger.entries(kinds=[kind], rollout=self.journal.rollout)
        return {str(entry.data["script"]) for entry in entries if entry.data.get("database") == step.service}

    def _release(self, step: Step) -> Release:
        return self.world.releases.load(step.release)

    def _write(self, kind: str, data: dict[str, object]) -> None:
        self.journal.ledger.append(kind, data, self.journal.rollout)


def backup_of_before(ledger: Ledger, store: str) -> str:
    """One of a try a moment ago that changed no schema of it: who tries again and again must not fill the backups.

    Empty where there is none.
    """
    found, since = "", clock.now() - ENOUGH
    for entry in ledger.entries(kinds=[schema.SNAPSHOT, *CHANGES]):
        if entry.kind in CHANGES:
            same = str(entry.data.get("database", "")).partition(".")[0] == store
            found = "" if same else found
        elif entry.data["store"] == store and entry.data.get("backup") and entry.data.get("made", True):
            found = str(entry.data["backup"]) if entry.when() > since else ""
    return found


def _no_longer_alone(step: Step) -> FairleadError:
    what = f"{step.service}: the connection that held the lock was lost while job {step.job} ran, so it was ended"
    return FairleadError(what, "see what the server says, and deploy again")
