"""The findings as SARIF 2.1.0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fairlead.render.sarif import Result
from fairlead.render.sarif import sarif as report
from fairlead.secrets.scan.leak import Leak


def sarif(leaks: Sequence[Leak], version: str) -> dict[str, Any]:
    """A leak in the history has its git object beside the place."""
    return report([_result(one) for one in leaks], version)


def _result(leak: Leak) -> Result:
    more = {"gitObject": leak.blob} if leak.blob else {}
    return Result(_rule(leak), _title(leak), _message(leak), leak.file, leak.line, leak.column, more=more)


def _message(leak: Leak) -> str:
    where = f", in the git object {leak.blob}" if leak.blob else ""
    return f"{leak.kind}{where}: replace the value, then take it out"


def _title(leak: Leak) -> str:
    return "A value of a secret of this project" if leak.own else leak.kind


def _rule(leak: Leak) -> str:
    return "own-value" if leak.own else re.sub(r"[^a-z0-9]+", "-", leak.kind.lower()).strip("-")
