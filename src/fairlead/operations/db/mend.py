"""Make histories agree with what is: repair, baseline, and taking over what Flyway made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairlead.errors import Refused, UsageError
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.migrate import Moved, moved_by
from fairlead.operations.db.opened import WAIT, Opened, asking, locked, opened
from fairlead.operations.db.plan import Planned
from fairlead.postgres.events import Emit, silent
from fairlead.postgres.picture import APPLIED, Entry, Picture, State
from fairlead.postgres.plan import Plan, plan_baseline, plan_repair
from fairlead.postgres.rows import OPAQUE_TYPES
from fairlead.postgres.version import Version

Assume = Literal["done", "not-done"]


def plan_of_repair(some: Sequence[Database]) -> tuple[Planned, ...]:
    """What `repair` would change, now; only in the history."""
    with opened(some) as databases:
        return tuple(Planned(one.name, one.database.where.shown, _repair(one)) for one in databases)


def repair(some: Sequence[Database], wait: float = WAIT, emit: Emit = silent) -> tuple[Moved, ...]:
    """Change the history so that it agrees with the files. What is in the databases stays as it is."""
    with opened(some, emit) as databases:
        return tuple(moved_by(one, _repair, wait, emit) for one in databases)


def _repair(one: Opened) -> Plan:
    with asking(one):
        one.refuse_unadopted()
        return plan_repair(one.look(contract=True))


def settle(some: Sequence[Database], assume: Assume, wait: float = WAIT, emit: Emit = silent) -> tuple[str, ...]:
    """Say of a statement that was begun before a crash whether it took effect; the scripts that this settled.

    UsageError when there is none.
    """
    with opened(some, emit) as databases:
        found = []
        for one in databases:
            locked(one, wait, emit)
            with asking(one):
                found += _settled(one, assume)
    if not found:
        raise UsageError("no statement is left of which nobody knows whether it took effect", "`fairlead db status`")
    return tuple(found)


def _settled(one: Opened, assume: Assume) -> list[str]:
    scripts = {row.rank: row.script for row in one.history.rows() if not row.success}
    begun = [(rank, number, print_) for rank, number, print_, state in one.notes() if state == "begun"]
    for rank, number, print_ in begun:
        if assume == "done":
            one.history.note(rank, number, print_, "done")
        else:
            one.history.forget(rank, number)
    return [scripts.get(rank, str(rank)) for rank, *_ in begun]


def plan_of_baseline(some: Sequence[Database], version: Version, description: str) -> tuple[Planned, ...]:
    """What `baseline` would do, now."""
    with opened(some) as databases:
        made = [(one, _baseline(one, version, description)) for one in databases]
        return tuple(Planned(one.name, one.database.where.shown, plan) for one, plan in made)


def baseline(
    some: Sequence[Database], version: Version, description: str, wait: float = WAIT, emit: Emit = silent
) -> tuple[Moved, ...]:
    """Note that what is there is what all versions up to this one would make. Refused where a history has versions."""
    with opened(some, emit) as databases:
        for one in databases:
            _baseline(one, version, description)
        return tuple(moved_by(one, lambda it: _baseline(it, version, description), wait, emit) for one in databases)


def _baseline(one: Opened, version: Version, description: str) -> Plan:
    with asking(one):
        return plan_baseline(one.look(), version, description, one.history.exists())


@dataclass(frozen=True, slots=True)
class Adoption:
    """A history that Flyway made, as it was found."""

    database: str
    address: str
    matched: int  #: rows whose file is here and the same
    opaque: tuple[str, ...]  #: run by Java or a shell; taken over only when that is asked for
    differing: tuple[str, ...]  #: what does not agree, in words
    adopted: bool  #: whether it is taken over, now or before
    picture: Picture


def adopt(
    some: Sequence[Database], accept_opaque: bool, do: bool, wait: float = WAIT, emit: Emit = silent
) -> tuple[Adoption, ...]:
    """Look at histories that Flyway made and, with `do`, take them over: rows stay exactly as they are.

    Refused where there is no history; with `do` also where rows were run by Java or a shell and that is not accepted.
    """
    with opened(some, emit) as databases:
        looked = [_adoption(one, accept_opaque, False) for one in databases]
        if not do:
            return tuple(looked)
        for found in looked:
            if found.opaque and not accept_opaque:
                what = f"{found.database}: {', '.join(found.opaque)} cannot be run again by Fairlead"
                raise Refused(what, "they stay applied, as they are, if you say --accept-opaque")
        for one in databases:
            locked(one, wait, emit)
        return tuple(_adoption(one, accept_opaque, True) for one in databases)


def _adoption(one: Opened, accept_opaque: bool, do: bool) -> Adoption:
    with asking(one):
        if not one.history.exists():
            hint = f"begin one: fairlead db baseline {one.database.environment} {one.name}; or `migrate.table` names it"
            raise Refused(f"{one.name}: {one.database.where.shown} has no table {one.history.name}", hint)
        if do:
            _take_over(one, accept_opaque)
        picture = one.look(contract=True)
        opaque = tuple(entry.script for entry in picture.entries if _is_opaque(entry))
        matched = sum(entry.state in (State.SUCCESS, State.OUT_OF_ORDER) for entry in picture.entries)
        differing = tuple(one.message for one in picture.mistakes if one.script not in opaque)
        adopted = not one.must_be_adopted()
    return Adoption(one.name, one.database.where.shown, matched, opaque, differing, adopted, picture)


def _is_opaque(entry: Entry) -> bool:
    return entry.row is not None and entry.row.type in OPAQUE_TYPES and entry.state in APPLIED


def _take_over(one: Opened, accept_opaque: bool) -> None:
    """Note which files ran as they are here, and what was accepted."""
    with one.connection.transaction():
        one.history.create_ours()
        known = {rank for rank, *_ in one.notes()}
        for entry in one.look(contract=True).entries:
            if entry.row is None or entry.row.rank in known:
                continue
            if _is_opaque(entry) and accept_opaque:
                one.history.note(entry.row.rank, 0, "", "opaque")
            elif entry.migration and entry.row.checksum == entry.migration.checksum:
                one.history.note(entry.row.rank, 0, entry.migration.fingerprint, "file")
