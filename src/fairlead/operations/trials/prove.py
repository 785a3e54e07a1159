"""Whether the versions that are pending can be taken back without a loss: tried on a copy, and kept in the ledger.

Each version by itself: V, then U, then V again, with a look at all values and at the schema between them. At the end
all are taken back once more, with what runs again (`R__…`) in place, since that is how an undo would find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import Opened, asking, opened
from fairlead.operations.db.plan import Asked, Planned
from fairlead.operations.trials.copies import Copy, Dump, Source, copied, origin_of, own_tables
from fairlead.postgres.contents import Contents, contents
from fairlead.postgres.files import Migration
from fairlead.postgres.plan import Plan, plan_migrate, plan_undo, refuse
from fairlead.postgres.run import Runner
from fairlead.postgres.undo_proof import Looks, Proof, UndoClass, doubted, failed, judged, prints_of, proof_of, settled
from fairlead.postgres.written import written
from fairlead.project.stack import Stack
from fairlead.system import clock
from fairlead.system.home import Place

KEPT = "migration.proven"
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of one database."""

    database: str
    address: str
    source: str  #: of the copy
    proofs: tuple[Proof, ...]


def prove(
    stack: Stack, root: Path, some: Sequence[Database], asked: Asked | None = None, source: Source = "live",
    say: Say = lambda _: None,
) -> tuple[Proved, ...]:  # fmt: skip
    """Try each on a copy, and keep what came of it. FairleadError when there can be no copy."""
    found = tuple(_one(stack, root, one, asked or Asked(), source, say) for one in some)
    place = Place.of(stack.project, stack.environment)
    place.create()
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        for proved in found:
            for proof in proved.proofs:
                ledger.append(KEPT, proof.to_data())
    return found


def _one(stack: Stack, root: Path, one: Database, asked: Asked, source: Source, say: Say) -> Proved:
    with origin_of(stack, root, one, source) as origin:
        say(f"{one.name}: a copy, from {origin.text}")
        with copied(one, origin) as copy:
            return Proved(one.name, one.where.shown, copy.origin, tuple(proofs(copy, asked, say)))


def kept(place: Place) -> tuple[Proof, ...]:
    """All that the ledger has, the oldest first."""
    if not place.exists():
        return ()
    with Ledger.read(place.ledger) as ledger:
        return tuple(Proof.from_data(entry.data) for entry in ledger.entries(kinds=(KEPT,)))


def known(stack: Stack, some: Sequence[Database], plans: Sequence[Planned]) -> tuple[Proof, ...]:
    """Of each version that plans of an undo would take back, what it costs now. The databases are asked."""
    had = kept(Place.of(stack.project, stack.environment))
    found = []
    with opened(some) as databases:
        for one in databases:
            steps = [step for made in plans if made.database == one.name for step in made.plan.steps]
            for version in (step.row.version for step in steps if step.act == "undo" and step.row):
                if version is not None:
                    proof = proof_of(one.name, version, one.files, had)
                    with asking(one):
                        found.append(settled(proof, written(one.connection, proof)))
    return tuple(found)


def proofs(copy: Copy, asked: Asked, say: Say = lambda _: None) -> tuple[Proof, ...]:
    """Of each version that is pending in a copy, in order. Refused where its files and history do not agree."""
    with opened([copy.database]) as (one,), asking(one):
        trial = _Trial(copy, one, asked)
        found = []
        for proof in trial.each():
            say(f"{one.name}: version {proof.version}: {proof.kind.value}")
            found.append(replace(proof, source=copy.origin, at=clock.stamp()))
        return tuple(trial.together(found))


class _Trial:
    def __init__(self, copy: Copy, one: Opened, asked: Asked) -> None:
        self.one, self.asked = one, asked
        if not one.history.exists():
            one.history.create()
        elif not one.history.ours_exists():
            one.history.create_ours()
        self.dump = Dump(copy.server, copy.database.where.database, tuple(own_tables(one)))
        self.runner = Runner(one.connection, one.history, one.database.settings)
        self.broken = ""
        self.schema: str | None = None  #: as it was dumped last; None once something ran

    def each(self) -> Iterator[Proof]:
        """Try every version; after one that cannot be run nothing is known of those behind it."""
        picture = self.one.look(self.asked.contract, self.asked.target)
        refuse(picture.mistakes)
        for up in picture.pending:
            if up.kind == "versioned":
                yield self._unknown(up) if self.broken else self._tried(up)
            elif up.kind == "baseline" and not self.broken:
                self._run(up)

    def together(self, found: Sequence[Proof]) -> Iterator[Proof]:
        """With what runs again in place, take back all that have a U file, the newest first."""
        picture = self.one.look(self.asked.contract, self.asked.target)
        again = [one for one in picture.pending if one.version is None]
        broken: dict[str, str] = {}
        if again and not self.broken and not self._why(lambda: self._all(again)):
            for proof in reversed(found):
                if proof.kind is UndoClass.NONE:
                    break
                if why := self._why(self._undo):
                    broken[proof.version] = f"with what runs again in place: {why}"
                    break
        for proof in found:
            doubt = broken.get(proof.version)
            yield replace(proof, kind=UndoClass.UNPROVEN, doubts=(*proof.doubts, doubt)) if doubt else proof

    def _tried(self, up: Migration) -> Proof:
        name, down = self.one.name, self.one.files.undo_of(up.version) if up.version else None
        before = self._look() if down else Contents()
        if why := self._why(lambda: self._run(up)):
            self.broken = f"{up.script} cannot be run: {why}"
            return failed(name, up, down, self.broken)
        if down is None:
            return Proof(name, str(up.version), UndoClass.NONE, doubts=(f"there is no U{up.version}__….sql",),
                         prints=prints_of(up, None))  # fmt: skip
        between = self._look()
        if why := self._why(self._undo):
            return failed(name, up, down, f"{down.script} cannot be run: {why}")
        after = self._look()
        if why := self._why(lambda: self._run(up)):
            self.broken = f"{up.script} cannot be run again after {down.script}: {why}"
            return doubted(judged(name, up, down, Looks(before, between, after)), self.broken)
        return judged(name, up, down, Looks(before, between, after, self._look(rows=False)))

    def _unknown(self, up: Migration) -> Proof:
        down = self.one.files.undo_of(up.version) if up.version else None
        return failed(self.one.name, up, down, self.broken)

    def _why(self, work: Callable[[], object]) -> str:
        """Why something cannot be done; empty when it was done."""
        try:
            work()
        except FairleadError as error:
            return error.message
        return ""

    def _run(self, up: Migration) -> None:
        self.schema = None
        picture = self.one.look(contract=True)
        self.runner.run(plan_migrate(self.one.files, replace(picture, pending=(up,)), self.one.journal()))

    def _all(self, some: Sequence[Migration]) -> None:
        for one in some:
            self._run(one)

    def _undo(self) -> None:
        self.schema = None
        self.runner.run(self._undo_plan())

    def _undo_plan(self) -> Plan:
        look, undo_type = self.one.look(contract=True), self.one.database.settings.undo_type
        return plan_undo(self.one.files, look, None, 1, undo_type)

    def _look(self, rows: bool = True) -> Contents:
        self.runner.fresh()
        self.schema = schema = self.dump.read() if self.schema is None else self.schema
        self.one.connection.execute("SET ROLE none; SET row_security = off; SET statement_timeout = 0")
        try:
            return contents(self.one.connection, schema, self.dump.without, only=None if rows else "")
        finally:
            self.runner.fresh()
