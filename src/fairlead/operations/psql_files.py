"""The scripts of migrations that a Compose project runs with psql, made of the files of the project."""

from __future__ import annotations

from pathlib import Path

from fairlead.operations.db.chosen import folder_of, hidden_names
from fairlead.postgres.files import Files, read_files
from fairlead.postgres.psql.script import scripts
from fairlead.postgres.psql.words import About
from fairlead.project.access import rights_of, runs
from fairlead.project.database_roles import Roles
from fairlead.project.stack import Stack
from fairlead.render.compose.moves import FOLDER, Move, moves
from fairlead.render.stores.postgres import role_of


def psql_files(stack: Stack, root: Path) -> dict[str, bytes]:
    """Every file, by its path beside the Compose file. ConfigurationError for a file that cannot be run."""
    return {
        f"{FOLDER}/{move.name}/{path}": text.encode()
        for move in moves(stack)
        for path, text in scripts(_files(stack, root, move), _about(move)).items()
    }


def _files(stack: Stack, root: Path, move: Move) -> Files:
    one = move.migrations
    if not move.files:
        return Files()
    values = {**_of_flyway(stack, move), **stack.variables, **one.placeholders}
    return read_files(folder_of(root, one), values, hidden_names(stack, one))


def _of_flyway(stack: Stack, move: Move) -> dict[str, str]:
    """Those of its own placeholders whose values are known before anybody connects."""
    one, own = move.migrations, runs(move.store)
    user = Roles(one.database).owner if rights_of(move.store, one.database) else role_of(one.database) if own else ""
    schema = one.schema or ("public" if own else "")
    known = {
        "flyway:defaultSchema": schema, "flyway:user": user, "flyway:database": one.database,
        "flyway:table": one.table, "flyway:environment": stack.environment,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}


def _about(move: Move) -> About:
    one = move.migrations
    rights = rights_of(move.store, one.database)
    return About(
        f"{move.store.name}.{one.database}", one.schema, one.table, one.out_of_order, one.lock_timeout,
        one.statement_timeout, rights,
    )  # fmt: skip
