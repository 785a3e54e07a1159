"""The findings as SARIF 2.1.0, which code hosts show beside the lines (OASIS, 27 March 2020)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fairlead.secrets.scan.leak import Leak

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(leaks: Sequence[Leak], version: str) -> dict[str, Any]:
    """One run of one tool. A leak in the history has its git object beside the place."""
    rules = sorted({_rule(one): _title(one) for one in leaks}.items())
    driver = {
        "name": "fairlead", "semanticVersion": version,
        "rules": [{"id": id, "shortDescription": {"text": title}} for id, title in rules],
    }  # fmt: skip
    order = [id for id, _ in rules]
    results = [_result(one, order.index(_rule(one))) for one in leaks]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(leak: Leak, rule: int) -> dict[str, Any]:
    region = {"startLine": leak.line, "startColumn": leak.column}
    place = {"artifactLocation": {"uri": quote(leak.file)}, "region": region}
    found: dict[str, Any] = {
        "ruleId": _rule(leak), "ruleIndex": rule, "level": "error", "message": {"text": _message(leak)},
        "locations": [{"physicalLocation": place}],
    }  # fmt: skip
    if leak.blob:
        found["properties"] = {"gitObject": leak.blob}
    return found


def _message(leak: Leak) -> str:
    where = f", in the git object {leak.blob}" if leak.blob else ""
    return f"{leak.kind}{where}: replace the value, then take it out"


def _title(leak: Leak) -> str:
    return "A value of a secret of this project" if leak.own else leak.kind


def _rule(leak: Leak) -> str:
    return "own-value" if leak.own else re.sub(r"[^a-z0-9]+", "-", leak.kind.lower()).strip("-")
