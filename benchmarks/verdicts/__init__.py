"""How often verdicts are right: false alarms, misses and their price, on the same draws as the usual rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tables import Table


def measure() -> Iterator[Table]:
    """The tables of docs/concepts/verdicts.md."""
    from .report import tables  # noqa: PLC0415 - the tests draw from here too, and have no use for tables

    return tables()
