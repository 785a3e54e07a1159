"""Rehearsals as a step of a deployment: whether there is one, and what comes of it.

Nobody has asked for it by hand, so it has to be worth its time: a copy of a small database, once for the same files on
the same schema. Only what does not run is always refused; what breaks queries, or has others wait, where `always` says
that nothing but a good rehearsal will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import Opened, asking, opened
from fairlead.operations.db.plan import Asked, planned
from fairlead.operations.trials.copies import Copy, origin_of, require_ground, server_to_read, store_of, twins
from fairlead.operations.trials.prove import KEPT as PROVEN
from fairlead.operations.trials.prove import Say, proofs
from fairlead.operations.trials.prove import kept as kept_proofs
from fairlead.operations.trials.proven import proven
from fairlead.operations.trials.rehearse import KEPT, kept, live_queries, print_of, rehearsed
from fairlead.postgres.files import Migration
from fairlead.postgres.rehearsal import Rehearsal, Verdict, prints, rehearsal_of
from fairlead.postgres.undo_proof import Proof, UndoClass, proof_of
from fairlead.project.stack import Migrations, Stack
from fairlead.rollout.databases import Tried
from fairlead.system import clock
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

MOST = 2 << 30  #: bytes of a database of which `auto` has a copy: about a minute
LATELY = 24 * 3600.0  #: seconds for which a rehearsal counts: rows come and go
GIGABYTE = 1 << 30


def why_not(stack: Stack, root: Path, one: Migrations, seen: Opened, files: Sequence[Migration]) -> str:
    """Why these files are not rehearsed in a deployment; empty where they are."""
    if one.rehearse == "never":
        return "the project file says so"
    if not seen.history.exists():
        return "nothing is in it yet"
    if one.rehearse == "risky" and not planned(seen, Asked()).risks:
        return "nothing in what is pending is known as a risk"
    if found := _lately(stack, seen, files):
        return f"the same files ran on the same schema at {found.at[:16].replace('T', ' ')} UTC"
    if one.rehearse == "always":
        return ""
    with asking(seen):
        return unaffordable(stack, root, seen.database, seen.connection)


def provable(seen: Opened, files: Sequence[Migration]) -> bool:
    """Whether each of them has an undo."""
    return all(file.version is not None and seen.files.undo_of(file.version) for file in files)


def _lately(stack: Stack, seen: Opened, files: Sequence[Migration]) -> Rehearsal | None:
    """A good one, with what is known of every undo."""
    place = Place.of(stack.project, stack.environment)
    found = rehearsal_of(seen.name, prints(files), kept(place))
    if found is None or found.verdict is not Verdict.FIT or not found.schema:
        return None
    age = (clock.now() - datetime.fromisoformat(found.at)).total_seconds()
    with asking(seen):
        if age > LATELY or found.schema != print_of(seen):
            return None
    had = kept_proofs(place)
    down = [file.version for file in files if file.version and seen.files.undo_of(file.version)]
    unknown = any(proof_of(seen.name, version, seen.files, had).kind is UndoClass.UNPROVEN for version in down)
    return None if unknown else found


def unaffordable(stack: Stack, root: Path, one: Database, connection: Connection) -> str:
    """Why `auto` has no copy of a database; empty where it has one. An error of the driver."""
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    size = int(row[0]) if row else 0
    if size > MOST:
        return f"a copy of {size / GIGABYTE:.1f} GB takes its time; `rehearse: always` has one all the same"
    try:
        require_ground(stack, one)
        with server_to_read(stack, root, one) as server:
            server.require_programs()
    except FairleadError as error:
        return f"there can be no copy: {error.message}"
    return ""


def tried(stack: Stack, root: Path, one: Database, declared: Migrations, say: Say) -> Tried:
    """Run what is pending on a copy, and each undo on another. FairleadError when there has to be a copy and cannot be:
    else that is said, and nothing is known of it.
    """
    begun = clock.boot_seconds()
    try:
        found, proved = _tried(stack, root, one, say)
    except FairleadError as error:
        if declared.rehearse == "always":
            raise
        return Tried(f"not rehearsed: {error.message}")
    entries = ((KEPT, found.to_data()), *((PROVEN, proof.to_data()) for proof in proved))
    with opened([one]) as (seen,):
        undoable = proven(seen, planned(seen, Asked()).plan.files(), proved)
    what = f"{told(found)}, in {clock.boot_seconds() - begun:.1f} s"
    return Tried(what, refused(found, declared), undoable, entries)


def _tried(stack: Stack, root: Path, one: Database, say: Say) -> tuple[Rehearsal, tuple[Proof, ...]]:
    with opened([one]) as (seen,), asking(seen):
        schema = print_of(seen)
        undone = any(seen.files.undo_of(file.version) for file in seen.look().pending if file.version)
    queries = live_queries(stack, root, one)
    with origin_of(stack, root, one, "live") as origin, twins(one, origin, undone) as (copy, second):
        found = replace(rehearsed(copy, Asked(), queries), schema=schema)
        return found, _proved(second, say) if second and not found.failure else ()


def _proved(copy: Copy, say: Say) -> tuple[Proof, ...]:
    return proofs(copy, Asked(), say)


def told(found: Rehearsal) -> str:
    """What it showed, in one line."""
    count, waits = len(found.seen), found.waits()
    rewrites = sum(len(one.rewrites) for one in found.seen)
    said = [f"{found.verdict.value}: {count} statement{'' if count == 1 else 's'}"]
    said += [f"nobody {waits[0].whom} {waits[0].table} for {waits[0].ms:.0f} ms"] if waits else []
    said += [f"{rewrites} rewritten"] if rewrites else []
    return ", ".join(said) + (f" ({found.why})" if found.why else "")


def refused(found: Rehearsal, declared: Migrations) -> str:
    """Why a deployment must not go on with it; empty where it may."""
    bad = found.verdict is Verdict.FAILS or (declared.rehearse == "always" and found.verdict is not Verdict.FIT)
    return f"the rehearsal of {found.database} says {found.verdict.value}: {found.why}" if bad else ""


def forget_copies(stack: Stack, one: Database) -> None:
    """What a killed rehearsal of its store left. FairleadError."""
    place, store = Place.of(stack.project, stack.environment), store_of(stack, one)
    from fairlead.operations.backups.orphans import forget  # noqa: PLC0415 — beside its use

    forget(place, stack.runtime, store)
