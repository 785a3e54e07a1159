"""Data to YAML that every reader takes for the same: YAML 1.1 and 1.2 differ in what a bare word is.

Text is quoted unless it is a plain word in both, so `no`, `22:22` and `1e3` stay text for Docker, which reads by other
rules than Kubernetes. Written out here because ruamel.yaml needs ten times as long and quotes for 1.2 alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"(?:\.{0,2}/|[A-Za-z_])[A-Za-z0-9_./@+-]*(?:[:=][A-Za-z0-9_./@+-]+)*")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
"""What a JSON text may hold and a YAML text may not, or a person does not see."""


def yaml_text(data: Mapping[str, Any], comment: str = "") -> str:
    """`data` (JSON types) as a block of YAML, in its own order. `comment` goes before it, line by line."""
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*lines, *(_mapping(data) if data else ["{}"]), ""])


def _mapping(data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{scalar(str(key))}:", value)


def _entry(head: str, value: Any) -> Iterator[str]:
    """`head value` on one line, or the value indented below it."""
    if isinstance(value, Mapping) and value:
        yield head
        yield from (f"  {line}" for line in _mapping(value))
    elif _is_list(value) and value:
        yield head
        for item in value:
            yield from (f"  {line}" for line in _item(item))
    else:
        yield f"{head} {scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    if not value or not (isinstance(value, Mapping) or _is_list(value)):
        yield f"- {scalar(value)}"
        return
    below = _mapping(value) if isinstance(value, Mapping) else (line for one in value for line in _item(one))
    for number, line in enumerate(below):
        yield ("  " if number else "- ") + line


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def scalar(value: Any) -> str:
    """One value, or an empty list or mapping, on one line."""
    if not isinstance(value, str):
        return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")
    if _PLAIN.fullmatch(value) and value.lower().lstrip("_") not in _WORDS:
        return value
    return _UNSEEN.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))
