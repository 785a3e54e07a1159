"""`-- fairlead: allow RULE, why`: a comment that waives rules for its statement, `allow-file` for its file; and in a U
file `-- fairlead: undo lossy-ok, why`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from fairlead.postgres.files import Migration
from fairlead.postgres.statements import Statement

_WAIVER = re.compile(r"fairlead:\s*allow(-file)?\s+([a-z].*)")
_LOSSY = re.compile(r"fairlead:\s*undo\s+lossy-ok\b")
_RULE = re.compile(r"[a-z][a-z-]*")


def of_file(one: Migration) -> set[str]:
    """The rules that do not count in a file."""
    return {rule for statement in one.statements for rule in _of(statement.comments, "-file")}


def of_statement(statement: Statement) -> set[str]:
    """The rules that do not count in a statement."""
    return _of(statement.comments, "")


def at(one: Migration, line: int) -> set[str]:
    """The rules that do not count at a line, or in the whole file."""
    ends = ((statement, statement.line + statement.text.count("\n")) for statement in one.statements)
    found = next((statement for statement, end in ends if end >= line), None)
    return of_file(one) | (of_statement(found) if found else set())


def without_reason(one: Migration) -> Iterator[tuple[Statement, str]]:
    """Waivers that do not say why: nobody knows later whether they still hold."""
    for statement in one.statements:
        for _, text in _written(statement.comments):
            if all(len(part.split()) == 1 and _RULE.fullmatch(part.strip()) for part in text.split(",")):
                yield statement, text.strip()


def lossy_ok(down: Migration) -> bool:
    """Whether a U file says that what it loses may be lost, also when nobody is asked."""
    return any(_LOSSY.search(comment) for statement in down.statements for comment in statement.comments)


def _of(comments: Sequence[str], kind: Literal["", "-file"]) -> set[str]:
    lists = (text.split(",") for found, text in _written(comments) if found == kind)
    return {match[0] for some in lists for one in some if (match := _RULE.match(one.strip()))}


def _written(comments: Sequence[str]) -> Iterator[tuple[str, str]]:
    for comment in comments:
        for match in _WAIVER.finditer(comment):
            yield match[1] or "", match[2].removesuffix("*/").rstrip()
