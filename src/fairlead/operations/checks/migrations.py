"""Checks of migration files: they can be read, and nothing in them would be refused. No database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.project.stack import Stack


def examine(stack: Stack, root: Path) -> Iterator[Check]:
    """Of each database whose schema is moved by files."""
    for store in stack.stores:
        for one in store.migrations:
            if one.folder:
                yield _files(stack, root, f"{store.name}.{one.database}")


def _files(stack: Stack, root: Path, database: str) -> Check:
    """Files that ran long ago count too, so what is found keeps no deployment from beginning."""
    from fairlead.operations.db.lint import lint  # noqa: PLC0415 — only where there are migrations
    from fairlead.postgres.risks import errors  # noqa: PLC0415

    name = f"migrations of {database}"
    try:
        (found,) = lint(stack, root, (database,), squawk=False)
    except FairleadError as error:
        return failed(name, error.message, error.hint or "")
    if first := errors(found.risks)[:1]:
        return warning(name, f"{first[0]}, which keeps it from running", f"fairlead db lint {stack.environment}")
    return ok(name, f"{found.files} files")
