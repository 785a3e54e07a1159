"""Check of templates: can every file be made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok
from fairlead.operations.templates import plain_files
from fairlead.project.stack import Stack


def examine(stack: Stack, root: Path) -> Iterator[Check]:
    """Nothing where there are none."""
    if not stack.templates:
        return
    try:
        plain_files(stack, root)
    except FairleadError as error:
        yield failed("templates", error.message, error.hint or "")
    else:
        yield ok("templates", f"{len(stack.templates)} filled in")
