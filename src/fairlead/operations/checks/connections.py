"""Whether the stores let in all the connections that the services open."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.operations.check import Check
from fairlead.project.budget import budgets
from fairlead.project.stack import Stack, Strategy


def examine(stack: Stack, strategy: Strategy | None = None) -> Iterator[Check]:
    """One check for each store that has a limit. `strategy`: instead of the stack's own."""
    for one in budgets(stack, strategy):
        match one.result:
            case "ok":
                yield Check("connections", "ok", one.text)
            case "tight":
                yield Check("connections", "warning", one.text, one.hint)
            case "over":
                yield Check("connections", "failed", one.text, one.hint)
