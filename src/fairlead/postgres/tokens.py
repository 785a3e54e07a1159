"""SQL as PostgreSQL's scanner reads it, in one pass whose time grows with the length alone.

The rules are those of PostgreSQL's `scan.l`, with standard_conforming_strings on: strings with `''`, E'' strings with
backslashes, quoted names, `$tag$` strings, `--` comments, comments that nest. What psql alone understands (`\\d`, `:x`)
is no token.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "name", "string", "number", "mark", "comment"]

_START = "A-Za-z_\x80-\U0010ffff"
_SCAN = re.compile(
    rf"""
    (?P<blank>[ \t\n\r\f\v]+)
  | (?P<comment>--[^\n\r]*)
  | (?P<nest>/\*)
  | (?P<dollar>\$(?:[{_START}][{_START}0-9]*)?\$)
  | (?P<escaped>[eE]')
  | (?P<string>(?:[bBxXnN]|[uU]&)?')
  | (?P<name>(?:[uU]&)?")
  | (?P<word>[{_START}][{_START}0-9$]*)
  | (?P<number>\$?[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_NEST = re.compile(r"/\*|\*/")
_QUOTE = re.compile(r"'")
_ESCAPED_END = re.compile(r"[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL)
_DOUBLE = re.compile(r'"')
_CONTINUED = re.compile(r"[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]+|--[^\n\r]*(?=[\n\r]))*'")


class SqlError(Exception):
    """Text that is no SQL: `message`, and the offset in the text where it begins."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.offset = message, offset


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL. `text` is as written, in upper case for a word; offsets count characters from 0."""

    kind: Kind
    text: str
    start: int
    end: int

    def named(self) -> str:
        """The name that a word or a quoted name stands for: `Users` is users, `"Users"` is Users."""
        if self.kind == "name":
            return self.text[self.text.index('"') + 1 : -1].replace('""', '"')
        return self.text.lower()


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """All tokens, comments too. SqlError for a string or a comment that does not end, and for a NUL."""
    position, size = start, len(text)
    while position < size:
        match = _SCAN.match(text, position)
        if match is None:  # the last alternative matches any character
            return
        group = match.lastgroup or ""
        end = _end(text, match, group)
        if group != "blank":
            yield _token(text, group, position, end)
        position = end


def _token(text: str, group: str, start: int, end: int) -> Token:
    piece = text[start:end]
    if piece == "\0":
        raise SqlError("a NUL character; PostgreSQL takes none", start)
    if group == "word":
        return Token("word", piece.upper(), start, end)
    return Token(_KINDS[group], piece, start, end)


_KINDS: dict[str, Kind] = {
    "comment": "comment", "nest": "comment", "dollar": "string", "escaped": "string", "string": "string",
    "name": "name", "number": "number", "mark": "mark",
}  # fmt: skip


def _end(text: str, match: re.Match[str], group: str) -> int:
    if group == "nest":
        return _nested(text, match.start())
    if group == "dollar":
        found = text.find(match.group(), match.end())
        return _ended(found, match, f"a string that begins with {match.group()[:40]} does not end") + len(match.group())
    if group == "escaped":
        return _escaped(text, match)
    if group in ("string", "name"):
        return _quoted(text, match, group)
    return match.end()


def _escaped(text: str, match: re.Match[str]) -> int:
    """A string that goes on behind a line's end keeps its backslashes."""
    position = match.end()
    while True:
        end = _ESCAPED_END.match(text, position)
        after = _ended(end.end() if end else -1, match, "a string does not end")
        more = _QUOTE.match(text, after) or _CONTINUED.match(text, after)
        if more is None:
            return after
        position = more.end()


def _quoted(text: str, match: re.Match[str], group: str) -> int:
    """A doubled quote reads as an end and a beginning, which is the same."""
    pattern, what = (_QUOTE, "a string") if group == "string" else (_DOUBLE, "a name in quotes")
    found = pattern.search(text, match.end())
    end = _ended(found.end() if found else -1, match, f"{what} does not end")
    quote = text[end - 1]
    while text[end : end + 1] == quote:
        again = pattern.search(text, end + 1)
        end = _ended(again.end() if again else -1, match, f"{what} does not end")
    return end


def _nested(text: str, start: int) -> int:
    depth = 0
    for match in _NEST.finditer(text, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise SqlError("a comment does not end; comments nest, so each /* needs its */", start)


def _ended(found: int, match: re.Match[str], message: str) -> int:
    if found < 0:
        raise SqlError(message, match.start())
    return found


class Lines:
    """Offsets to lines and columns, which count from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
