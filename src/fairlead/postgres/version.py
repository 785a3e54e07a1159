"""Versions of migrations, compared as Flyway compares them."""

from __future__ import annotations

import re
from functools import total_ordering

_WRITTEN = re.compile(r"[0-9]+(?:[._][0-9]+)*", re.ASCII)


@total_ordering
class Version:
    """Digits with dots (or `_`, which is read as a dot). 1, 1.0 and 01 are the same version; 1.9 is before 1.10.

    ValueError for anything else.
    """

    __slots__ = ("parts", "text")

    def __init__(self, written: str) -> None:
        if not _WRITTEN.fullmatch(written) or len(written) > 50:  # the column of the history is that wide
            raise ValueError(f"{written[:60]} is no version: digits, with dots or _ between them, at most 50")
        self.text = written.replace("_", ".")
        numbers = [int(part) for part in self.text.split(".")]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        self.parts = tuple(numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.parts == other.parts

    def __lt__(self, other: Version) -> bool:
        return self.parts < other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"
