"""Checks of the connections of a PostgreSQL, as they are now: whether some are not given back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, ok, warning
from fairlead.project.stack import Stack


def examine(stack: Stack, root: Path) -> Iterator[Check]:
    """Of each that answers; whether one runs is said elsewhere."""
    from fairlead.operations.sessions.connections import connections  # noqa: PLC0415 — only where there is one

    for store in stack.stores:
        if store.kind != "postgres" or not store.migrations:
            continue
        try:
            (found,) = connections(stack, root, (store.name,))
        except FairleadError:
            continue
        name = f"connections of {store.name}"
        for text in found.findings:
            yield warning(name, text, f"see fairlead db connections {stack.environment} {store.name}")
        if not found.findings:
            yield ok(name, f"{found.used} of {found.most}")
