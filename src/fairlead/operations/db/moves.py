"""What a deployment will do to the schema of each database: looked up before it begins, so that it is in the plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.db.chosen import Database, database_of, require_known
from fairlead.operations.db.kept import has_files, moved
from fairlead.operations.db.migrate import refuse_errors
from fairlead.operations.db.opened import Opened, opened
from fairlead.operations.db.plan import Asked, planned
from fairlead.postgres.files import Migration
from fairlead.postgres.picture import State
from fairlead.project.access import migrator_job
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.rollout.schema import SchemaMove


def moves(stack: Stack, root: Path, base: Path, paths: Collection[str], early: bool = False) -> tuple[SchemaMove, ...]:
    """Of each database, in the order of the file. `base` and `paths`: where the files lie, and which there are.

    Refused where files and history do not agree, or a risk is an error; `early`: before stores are there, what cannot
    be looked up is said in its place.
    """
    return tuple(_move(stack, root, base, store, one, early)
                 for store, one in moved(stack) if one.migrator or has_files(one, paths))  # fmt: skip


def _move(stack: Stack, root: Path, base: Path, store: Store, one: Migrations, early: bool) -> SchemaMove:
    name, dump = f"{store.name}.{one.database}", store.backup is not None
    if one.migrator:
        return SchemaMove(name, store.name, job=migrator_job(store.name, one.database), dump=dump)
    try:
        require_known(store)
        scripts, held, fresh, undoable = _look(database_of(stack, root, store, one, base))
    except FairleadError as error:
        if not early:
            raise
        return SchemaMove(name, store.name, dump=dump, unknown=error.message)
    return SchemaMove(name, store.name, scripts, undoable, "", held, fresh, dump)


def _look(database: Database) -> tuple[tuple[str, ...], tuple[str, ...], bool, tuple[str, ...]]:
    """What is pending, what waits, whether nothing was ever done to it, and what may be undone."""
    with opened([database]) as (one,):
        made = planned(one, Asked())
        refuse_errors(made)
        entries = one.look().entries
        held = tuple(entry.script for entry in entries if entry.state is State.HELD)
        files = made.plan.files()
        return tuple(file.script for file in files), held, not one.history.exists(), proven(one, files)


def proven(one: Opened, files: Sequence[Migration]) -> tuple[str, ...]:
    """Those at the end of them whose undo is known to lose nothing. No proof is kept yet, so none is."""
    return ()
