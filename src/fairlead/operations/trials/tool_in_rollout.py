"""The rehearsal of another tool's command as a step of a deployment: whether there is one, and what comes of it.

What is pending only the tool knows, so each deployment of another artifact has one. Whether it would run at all is what
counts: of an undo it shows nothing, as there is none.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.operations.db.chosen import database_of
from fairlead.operations.db.opened import spoken
from fairlead.operations.trials.in_rollout import LATELY, refused, told, unaffordable
from fairlead.operations.trials.rehearse import KEPT, kept, live_queries
from fairlead.postgres.connection import connect
from fairlead.postgres.rehearsal import Rehearsal, Verdict, rehearsal_of
from fairlead.postgres.schema_print import schema_print
from fairlead.project.access import runs
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.rollout.databases import Tried
from fairlead.system import clock
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.operations.trials.tool import Say, Tool
    from fairlead.postgres.connection import Connection

LACKS = """
    (a copy has no TLS, and nothing leads to other stores: where that is all, say `migrate: {rehearse: never}`)"""
_FILLED = """
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')
"""


def why_not(stack: Stack, root: Path, store: Store, one: Migrations, artifact: str) -> str:
    """Why the command is not rehearsed in a deployment; empty where it is."""
    import psycopg  # noqa: PLC0415 — an extra

    if one.rehearse == "never":
        return "the project file says so"
    if one.rehearse != "always" and stack.runtime == "docker" and not runs(store):
        return "it runs in a container, and a copy of a server that somebody else runs is a process of this machine"
    try:
        database = database_of(stack, root, store, one, root)
        with (
            contextlib.closing(connect(database.where, database.settings)) as connection,
            spoken(database, psycopg.Error),
        ):
            if connection.execute(_FILLED).fetchone() != (True,):
                return "nothing is in it yet"
            if at := _lately(stack, database.name, (one.migrator or "", artifact), connection):
                return f"the same artifact ran on the same schema at {at[:16].replace('T', ' ')} UTC"
            return "" if one.rehearse == "always" else unaffordable(stack, root, database, connection)
    except FairleadError as error:
        return f"there can be no copy: {error.message}"


def _lately(stack: Stack, name: str, print_: tuple[str, str], connection: Connection) -> str:
    """When a good one was; empty where there was none."""
    found = rehearsal_of(name, (print_,), kept(Place.of(stack.project, stack.environment)))
    if found is None or found.verdict is not Verdict.FIT or not print_[1]:
        return ""
    age = (clock.now() - datetime.fromisoformat(found.at)).total_seconds()
    return found.at if age <= LATELY and found.schema == schema_print(connection, ()) else ""


def tried(tool: Tool, say: Say) -> Tried:
    """Run it on a copy. FairleadError when there has to be one and cannot be, and when it moved the live schema: else
    that is said, and nothing is known of it.
    """
    from fairlead.operations.trials.tool import Strayed, rehearse_tool  # noqa: PLC0415 — beside its use

    begun = clock.boot_seconds()
    try:
        live = live_queries(tool.stack, tool.root, tool.database())
        found = rehearse_tool(tool, "live", live, say)
    except Strayed:
        raise
    except FairleadError as error:
        if tool.declared.rehearse == "always":
            raise
        return Tried(f"not rehearsed: {error.message}")
    what = f"{told(found)}, in {clock.boot_seconds() - begun:.1f} s"
    return Tried(what, refusal(found, tool.declared), (), ((KEPT, found.to_data()),))


def refusal(found: Rehearsal, declared: Migrations) -> str:
    """Why a deployment must not go on with it; empty where it may. What the copy lacks may be all that is wrong."""
    said = refused(found, declared)
    return f"{said}{LACKS}" if said and found.failure else said
