"""Findings as SARIF 2.1.0, which code hosts show beside the lines (OASIS, 27 March 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Result:
    """One finding. Lines and columns count from 1; `title` is that of the rule."""

    rule: str
    title: str
    text: str
    file: str
    line: int
    column: int
    level: Literal["error", "warning", "note"] = "error"
    more: Mapping[str, str] = field(default_factory=dict)


def sarif(results: Sequence[Result], version: str) -> dict[str, Any]:
    """One run of one tool."""
    titles: dict[str, str] = {}
    for one in results:
        titles.setdefault(one.rule, one.title)
    order = sorted(titles)
    rules = [{"id": id, "shortDescription": {"text": titles[id]}} for id in order]
    driver = {"name": "fairlead", "semanticVersion": version, "rules": rules}
    found = [_result(one, order.index(one.rule)) for one in results]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(one: Result, rule: int) -> dict[str, Any]:
    region = {"startLine": one.line, "startColumn": one.column}
    place = {"artifactLocation": {"uri": quote(one.file)}, "region": region}
    found: dict[str, Any] = {
        "ruleId": one.rule, "ruleIndex": rule, "level": one.level, "message": {"text": one.text},
        "locations": [{"physicalLocation": place}],
    }  # fmt: skip
    return found | ({"properties": dict(one.more)} if one.more else {})
