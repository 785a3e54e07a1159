"""`$NAME`, `${NAME}`, `${NAME:-word}` … as Docker Compose reads them, in its own files and in `.env` files.

Read into parts first, so that an import can see what was asked for, and then expanded. The rules are those of the
package `template` of compose-go 2.13, its quirks too: a `$` that opens nothing stays, `$$` is a `$`, the word after an
operator may hold further references and is always looked at, and braces inside of a word count. Not to be confused with
`placeholders.py`, which is Fairlead's own syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

DEPTH = 40  #: references inside of references
LONGEST = 1_000_000  #: characters that one text may grow to; values double with every `A=$B$B`

_OPEN = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{)")
_HEAD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])|\})")
_BRACE = re.compile("[{}]")


class Reference(NamedTuple):
    """One `$NAME` or `${NAME…}`."""

    name: str
    operator: str = ""  #: `:-` `-` `:?` `?` `:+` `+`, or nothing
    word: tuple[str | Reference, ...] = ()  #: what follows the operator
    braced: bool = True


Parts = tuple[str | Reference, ...]
Lookup = Callable[[str], str | None]


def parse(text: str) -> Parts:
    """The parts of `text`. ValueError with a sentence for what Docker Compose calls an invalid template."""
    return _parse(text, 0, len(text), _closing(text), 0) if "$" in text else (text,) if text else ()


def references(parts: Parts) -> Iterator[Reference]:
    """Every reference, those in words too, in the order of the text."""
    for part in parts:
        if isinstance(part, Reference):
            yield part
            yield from references(part.word)


def expand(parts: Parts, lookup: Lookup, longest: int = LONGEST) -> str:
    """The text with every reference replaced; one that has no value is replaced by nothing.

    ValueError with a sentence where `:?` or `?` asks for a value, or the text grows beyond `longest` characters.
    """
    found: list[str] = []
    for part in parts:
        found.append(part if isinstance(part, str) else _value(part, lookup, longest))
        longest -= len(found[-1])
        if longest < 0:
            raise ValueError("too long once its variables are put in")
    return "".join(found)


def _value(reference: Reference, lookup: Lookup, longest: int) -> str:
    word = expand(reference.word, lookup, longest) if reference.word else ""
    value = lookup(reference.name)
    missing = not value if reference.operator.startswith(":") else value is None
    kind = reference.operator[-1:]
    if kind == "?" and missing:
        raise ValueError(f"{reference.name} is required and has no value" + (f": {word[:80]}" if word else ""))
    if kind == "+":
        return (value or "") if missing else word
    return word if kind == "-" and missing else value or ""


def _closing(text: str) -> dict[int, int]:
    """For every opening brace its closing one, as compose-go counts: what follows a brace directly is never one."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    skipped = -1
    for match in _BRACE.finditer(text):
        at = match.start()
        if at == skipped:
            continue
        if text[at] == "{":
            opened.append(at)
            skipped = at + 1
        elif opened:
            closing[opened.pop()] = at
    return closing


def _parse(text: str, start: int, end: int, closing: dict[int, int], depth: int) -> Parts:
    if depth > DEPTH:
        raise ValueError(f"variables nested deeper than {DEPTH} levels")
    parts: list[str | Reference] = []
    while match := _OPEN.search(text, start, end):
        if match.start() > start:
            parts.append(text[start : match.start()])
        if match[1] or match[2]:
            parts.append("$" if match[1] else Reference(match[2], braced=False))
            start = match.end()
            continue
        close = _close(text, match.end() - 1, end, closing)
        parts.append(_braced(text, match.end(), close, closing, depth))
        start = close + 1
    return (*parts, text[start:end]) if start < end else tuple(parts)


def _close(text: str, brace: int, end: int, closing: dict[int, int]) -> int:
    """Where the reference that opens at `brace` ends: always on its own line."""
    line_end = text.find("\n", brace, end)
    limit = end if line_end < 0 else line_end
    close = closing.get(brace, limit)
    if close >= limit:
        close = text.rfind("}", brace, limit)
    if close < 0:
        raise ValueError("${ is not closed on its line; write $$ for a $ that is meant as it is")
    return close


def _braced(text: str, start: int, close: int, closing: dict[int, int], depth: int) -> Reference:
    head = _HEAD.match(text, start, close + 1)
    if head is None:
        raise ValueError("what stands in ${…} is not a name with a default; write $$ for a $ that is meant as it is")
    if not head[2]:
        return Reference(head[1])
    return Reference(head[1], head[2], _parse(text, head.end(), close, closing, depth + 1))
