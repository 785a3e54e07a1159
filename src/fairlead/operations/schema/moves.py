"""What a deployment will do to the schema of each database: looked up before it begins, so that it is in the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.errors import ConfigurationError, FairleadError
from fairlead.operations.db.chosen import database_of, require_known
from fairlead.operations.db.migrate import refuse_errors
from fairlead.operations.db.opened import Opened, opened
from fairlead.operations.db.plan import Asked, planned
from fairlead.operations.schema.kept import has_files, moved
from fairlead.operations.schema.preflight import look
from fairlead.operations.trials import tool_in_rollout
from fairlead.operations.trials.in_rollout import provable, why_not
from fairlead.operations.trials.prove import kept
from fairlead.operations.trials.proven import proven
from fairlead.operations.trials.required import require_rehearsal, require_rehearsed_job
from fairlead.postgres.files import Migration
from fairlead.postgres.picture import State
from fairlead.postgres.undo_proof import Proof
from fairlead.project.access import migrator_job
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.rollout.schema import SchemaMove
from fairlead.system.home import Place


def moves(
    stack: Stack, root: Path, base: Path, paths: Collection[str], artifacts: Mapping[str, str] | None = None,
    early: bool = False,
) -> tuple[SchemaMove, ...]:  # fmt: skip
    """Of each database, in the order of the file. `base` and `paths`: where the files lie, and which there are;
    `artifacts`: of what the jobs of other tools are, where these are to run.

    Refused where files and history do not agree, or a risk is an error; `early`: before stores are there, what cannot
    be looked up is said in its place.
    """
    some = [(store, one) for store, one in moved(stack) if one.migrator or has_files(one, paths)]
    proofs = kept(Place.of(stack.project, stack.environment)) if some else ()
    found = []
    for store, one in some:
        if one.migrator:
            found.append(_by_job(stack, root, store, one, artifacts))
        else:
            found.append(_move(stack, root, base, store, one, proofs, early))
    return tuple(found)


def _by_job(
    stack: Stack, root: Path, store: Store, one: Migrations, artifacts: Mapping[str, str] | None
) -> SchemaMove:  # fmt: skip
    name, job = f"{store.name}.{one.database}", migrator_job(store.name, one.database)
    made, why = SchemaMove(name, store.name, job=job, dump=store.backup is not None), ""
    if artifacts is not None:
        artifact = artifacts.get(job, "")
        require_rehearsed_job(stack, name, one.migrator or "", artifact)
        why = tool_in_rollout.why_not(stack, root, store, one, artifact)
    return replace(made, rehearse=artifacts is not None and not why, unrehearsed=why)


def _move(
    stack: Stack, root: Path, base: Path, store: Store, one: Migrations, proofs: Sequence[Proof], early: bool
) -> SchemaMove:
    name, dump = f"{store.name}.{one.database}", store.backup is not None
    with ExitStack() as held:
        try:
            require_known(store)
            (seen,) = held.enter_context(opened([database_of(stack, root, store, one, base)]))
        except FairleadError as error:
            if not early or isinstance(error, ConfigurationError):
                raise
            return SchemaMove(name, store.name, dump=dump, unknown=error.message)
        found = _look(seen, proofs)
        notes = look(stack, root, seen, found.files, wait=not early) if found.files else ()
        why = why_not(stack, root, one, seen, found.files) if found.files else ""
        known = provable(seen, found.files)
    require_rehearsal(stack, name, found.files)
    return SchemaMove(name, store.name, found.scripts, found.undoable, "", found.held, found.fresh, dump,
                      rehearse=bool(found.files) and not why, unrehearsed=why, provable=known, notes=notes)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    scripts: tuple[str, ...]
    held: tuple[str, ...]
    fresh: bool
    undoable: tuple[str, ...]
    files: tuple[Migration, ...]


def _look(one: Opened, proofs: Iterable[Proof]) -> _Found:
    """What is pending, what waits, whether nothing was ever done to it, and what may be undone."""
    made = planned(one, Asked())
    refuse_errors(planned(one, Asked(contract=True)))
    held = tuple(entry.script for entry in one.look().entries if entry.state is State.HELD)
    files = made.plan.files()
    scripts = tuple(file.script for file in files)
    return _Found(scripts, held, not one.history.exists(), proven(one, files, proofs), files)
