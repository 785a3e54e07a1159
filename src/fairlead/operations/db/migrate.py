"""Move the schemas of a stack's databases: on, or back. All are looked at before the first is touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairlead.errors import FairleadError, Interrupted, Refused
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import WAIT, Opened, asking, locked, opened
from fairlead.operations.db.plan import Asked, Planned, planned
from fairlead.postgres import indexes
from fairlead.postgres.events import Emit, Event, silent
from fairlead.postgres.plan import Plan, Step, plan_undo
from fairlead.postgres.risks import errors, refusing
from fairlead.postgres.run import Runner
from fairlead.postgres.version import Version

Note = Callable[[str, str, int], None]
"""Told of a database, a file of it that ran or was taken back, and how many milliseconds that took."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of one database. `seconds` is how long it took, waiting for locks included."""

    database: str
    address: str
    done: tuple[str, ...]  #: scripts, in order
    version: str | None  #: that it has now
    seconds: float
    error: FairleadError | None = None
    begun: bool = True  #: False: an earlier one failed, and this one was not touched
    contract: tuple[str, ...] = ()  #: those of `done` that wait for the old release to go


def migrate(
    some: Sequence[Database], asked: Asked | None = None, wait: float = WAIT, emit: Emit = silent,
    note: Note | None = None,
) -> tuple[Moved, ...]:  # fmt: skip
    """Run what is pending in each, in the order of the file; the first that fails is the last that is begun.

    Refused, before anything is touched, where files and history of one do not agree or a risk is an error; Busy when
    somebody else migrates for longer than `wait` seconds. `note` is told of each file that is committed.
    """
    how = asked or Asked()
    with opened(some, emit) as databases:
        for one in databases:
            refuse_errors(planned(one, how))
        return _in_turn(databases, lambda one: planned(one, how).plan, wait, emit, note)


def refuse_errors(made: Planned) -> None:
    """Refused where a statement is a risk that is an error."""
    if text := refusing(made.risks):
        first = errors(made.risks)[0]
        hint = f"{first.advice}; or say above it: -- fairlead: allow {first.rule}, and why"
        raise Refused(f"{made.database}: {text}", hint)


def undo(
    some: Sequence[Database], to: Version | None, steps: int, wait: float = WAIT, emit: Emit = silent,
    note: Note | None = None,
) -> tuple[Moved, ...]:  # fmt: skip
    """Take back the last `steps` versions of each, or all above `to`; the last database first. `note` as above."""
    with opened(some, emit) as databases:
        for one in databases:
            undo_plan(one, to, steps)
        return _in_turn(databases[::-1], lambda one: undo_plan(one, to, steps), wait, emit, note)


def plan_of_undo(some: Sequence[Database], to: Version | None, steps: int) -> tuple[Planned, ...]:
    """What `undo` would do, now."""
    with opened(some) as databases:
        return tuple(Planned(one.name, one.database.where.shown, undo_plan(one, to, steps)) for one in databases[::-1])


def undo_plan(one: Opened, to: Version | None, steps: int) -> Plan:
    """Of one that is open."""
    with asking(one):
        one.refuse_unadopted()
        return plan_undo(one.files, one.look(contract=True), to, steps, one.database.settings.undo_type)


def _in_turn(
    databases: Sequence[Opened], make: Callable[[Opened], Plan], wait: float, emit: Emit, note: Note | None
) -> tuple[Moved, ...]:
    found: list[Moved] = []
    for one in databases:
        failed = any(moved.error for moved in found)
        found.append(_untouched(one) if failed else moved_by(one, make, wait, emit, note=note))
    return tuple(found)


def _untouched(one: Opened) -> Moved:
    return Moved(one.name, one.database.where.shown, (), None, 0.0, begun=False)


def moved_by(
    one: Opened, make: Callable[[Opened], Plan], wait: float, emit: Emit, guard: Callable[[Step], None] | None = None,
    note: Note | None = None,
) -> Moved:  # fmt: skip
    """Take the lock, plan once more by what the history says now, and run it. `guard`: see `Runner`."""
    begun = time.monotonic()
    done: list[str] = []
    called: dict[str, str] = {}

    def listen(event: Event) -> None:
        if event.kind == "done" and event.script:
            done.append(event.script)
            if note and event.script in called:
                note(one.name, called[event.script], event.ms)
        emit(event)

    error, version = None, None
    try:
        locked(one, wait, emit)
        with asking(one):
            made = make(one)
            called.update(_called(one, made))
            if made.steps:
                Runner(one.connection, one.history, one.database.settings, listen, guard).run(made)
                if one.database.settled:
                    one.database.settled()
            _tell_invalid(one, emit)
            version = str(one.look().current or "") or None
    except FairleadError as failed:
        error = failed
    except KeyboardInterrupt:
        ran = f" after {', '.join(done)}" if done else ""
        hint = "the history says how far it came; fairlead db migrate goes on from there"
        raise Interrupted(f"{one.name}: interrupted{ran}", hint) from None
    late = {each.script for each in (*one.files.versioned, *one.files.repeatable) if each.contract}
    contract = tuple(script for script in done if script in late)
    seconds = time.monotonic() - begun
    return Moved(one.name, one.database.where.shown, tuple(done), version, seconds, error, contract=contract)


def _called(one: Opened, made: Plan) -> dict[str, str]:
    """By its own name the file that each step runs, or takes back."""
    up = {file.version: file.script for file in one.files.versioned}
    undone = {
        step.script: up.get(step.row.version, step.script) for step in made.steps if step.act == "undo" and step.row
    }
    return {step.script: step.script for step in made.steps if step.act == "run"} | undone


def _tell_invalid(one: Opened, emit: Emit) -> None:
    for index in indexes.invalid(one.connection):
        emit(Event("note", f"{one.name}: the index {index} is INVALID: build it again, or drop it"))
