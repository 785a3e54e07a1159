"""What would be done to the databases of a stack: by `migrate`, with its risks; or statement by statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.errors import Refused
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.lint import all_risks
from fairlead.operations.db.opened import Opened, asking, opened
from fairlead.postgres.locks import lock_of
from fairlead.postgres.plan import Plan, plan_migrate
from fairlead.postgres.risk import Risk
from fairlead.postgres.risks import risks
from fairlead.postgres.traits import needs_no_transaction
from fairlead.postgres.version import Version


@dataclass(frozen=True, slots=True)
class Asked:
    """What `migrate` was asked for."""

    contract: bool = False  #: run the contract folder too
    target: Version | None = None  #: no version above this one


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of one database."""

    database: str
    address: str
    plan: Plan
    risks: tuple[Risk, ...] = ()


def plan(some: Sequence[Database], asked: Asked | None = None) -> tuple[Planned, ...]:
    """What `migrate` would do, now, and what is risky in it. Refused where files and history do not agree."""
    with opened(some) as databases:
        found = [(planned(one, asked or Asked()), one.files) for one in databases]
        return tuple(replace(made, risks=all_risks(made.plan.files(), files)[0]) for made, files in found)


def planned(one: Opened, asked: Asked) -> Planned:
    """Of one that is open. Refused where its history has to be adopted or a baseline noted first."""
    with asking(one):
        one.refuse_unadopted()
        there = one.history.exists()
        if not there and (number := one.history.objects()):
            what = f"{one.name}: {one.database.where.shown} has {number} tables and views, and no history"
            hint = f"say which version they are: fairlead db baseline {one.database.environment} {one.name} --version 1"
            raise Refused(what, hint)
        made = plan_migrate(one.files, one.look(asked.contract, asked.target), one.journal(), there)
    return Planned(one.name, one.database.where.shown, made, risks(made.files(), one.files))


@dataclass(frozen=True, slots=True)
class Written:
    """One statement of a dry run."""

    text: str
    line: int
    lock: str  #: what it locks, as far as its words tell
    alone: bool  #: outside of a transaction


@dataclass(frozen=True, slots=True)
class Script:
    """One file of a dry run. Times are seconds."""

    script: str
    act: str
    mode: str
    lock_timeout: float
    statement_timeout: float
    statements: tuple[Written, ...]


def dry_run(some: Sequence[Database], asked: Asked | None = None) -> tuple[tuple[Planned, tuple[Script, ...]], ...]:
    """The statements that `migrate` would send, placeholders filled in, each with its lock. Nothing is sent."""
    return tuple(
        (made, tuple(_script(database, made, number) for number in range(len(made.plan.steps))))
        for database, made in zip(some, plan(some, asked), strict=True)
    )


def _script(database: Database, made: Planned, number: int) -> Script:
    step = made.plan.steps[number]
    found = step.migration.statements[step.first :] if step.migration else ()
    written = tuple(Written(one.text, one.line, lock_of(one), needs_no_transaction(one)) for one in found)
    settings = database.settings
    return Script(step.script, step.act, step.mode, settings.lock_timeout, settings.statement_timeout, written)
