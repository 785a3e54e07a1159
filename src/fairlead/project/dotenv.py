"""`.env` text to values, as Docker Compose v2 reads it, its quirks too.

The rules are those of the package `dotenv` of compose-go 2.13, which differ from what shells and other readers do: a
comment needs a space before its `#`, single quotes keep all but an escaped quote, `KEY` alone takes the value from
outside, `KEY: v` is `KEY=v`, a later key sees the earlier ones but what comes from outside wins over them.

Where Compose gives up at the first mistake, reading goes on at the next line, so that all are found at once. No message
quotes a value: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fairlead.errors import Finding
from fairlead.project.interpolation import Parts, Reference, expand
from fairlead.project.interpolation import parse as parts_of
from fairlead.project.problem import MOST as MOST_FINDINGS

LARGEST = 1_000_000  #: characters
MOST = 2_000  #: entries
GROWN = 4_000_000  #: characters of all values together

_BLANK = " \t\v\f\r\x85\xa0"  #: space that does not end a line
_SPACE = _BLANK + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BETWEEN = re.compile(rf"(?:[{_SPACE}]++|#[^\n]*+)*+")
_EXPORT = re.compile(rf"export(?=[\t\n\f\r ])[{_BLANK}]*+")
_KEY = re.compile(rf"[\w.\-\[\]{_BLANK}]*+")
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}\\]++|\\.)*+){quote}", re.S) for quote in "\"'"}
_ESCAPE = re.compile(r'\\(?:([abfnrtv$"\\])|0([0-9]{0,3}))')
_ESCAPED = dict(zip('abfnrtv"\\', '\a\b\f\n\r\t\v"\\', strict=True)) | {"$": "$$"}


class Entry(NamedTuple):
    """The value of a key, and where the key stands; line and column count from 1."""

    value: str
    line: int
    column: int


def parse(text: str, file: str, outer: Mapping[str, str] | None = None) -> tuple[dict[str, Entry], list[Finding]]:
    """Every key of `text` with its value, and what is wrong with the text. `file` is the name findings carry.

    `outer` is what Compose takes from the shell: it wins where a value refers to a name, and is all that `KEY` without
    `=` can get; it does not replace values that stand in the text. Of a key that is there twice the last one counts.
    """
    reader = _Reader(text.removeprefix("\ufeff"), file, outer or {})
    if len(text) > LARGEST:
        reader.report(0, "", f"larger than {LARGEST // 1_000_000} MB, which no file of variables needs")
    else:
        reader.read()
    return reader.entries, reader.findings


class _Stop(Exception):
    """Reading cannot go on; the reason is among the findings."""


@dataclass(slots=True)
class _Reader:
    text: str
    file: str
    outer: Mapping[str, str]
    entries: dict[str, Entry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    grown: int = 0
    counted: int = 0  #: up to where lines were counted
    line: int = 1

    def read(self) -> None:
        at, statements = self._start(0), 0
        try:
            while at < len(self.text):
                statements += 1
                if statements > MOST:
                    raise self._stop(at, "", f"more than {MOST} entries")
                at = self._start(self._statement(at))
        except _Stop:
            pass

    def report(self, at: int, key: str, message: str) -> None:
        line, column = self._mark(at)
        self.findings.append(Finding(self.file, line, column, key, message))
        if len(self.findings) >= MOST_FINDINGS:
            raise _Stop

    def _stop(self, at: int, key: str, message: str) -> _Stop:
        self.report(at, key, message)
        return _Stop()

    def _mark(self, at: int) -> tuple[int, int]:
        if at >= self.counted:
            self.line += self.text.count("\n", self.counted, at)
            self.counted = at
            return self.line, at - self.text.rfind("\n", 0, at)
        line = self.line - self.text.count("\n", at, self.counted)
        return line, at - self.text.rfind("\n", 0, at)

    def _start(self, at: int) -> int:
        """Where the next statement begins: space and lines of comment are passed over."""
        match = _BETWEEN.match(self.text, at)
        return match.end() if match else at

    def _statement(self, at: int) -> int:
        """Reads the statement that begins at `at`; where it ends."""
        begin = match.end() if (match := _EXPORT.match(self.text, at)) else at
        found = _KEY.match(self.text, begin)
        end = found.end() if found else begin
        key, sign = self.text[begin:end].rstrip(_SPACE), self.text[end : end + 1]
        if sign not in ("", "\n", "=", ":"):
            self.report(end, "", f"{sign!r} cannot stand in the name of a variable; expected NAME=value")
            return self._line_end(end)
        if " " in key:
            self.report(begin, "", "the name of a variable cannot have a space in it; expected NAME=value")
            return self._line_end(end)
        if not key and sign in ("=", ":"):
            self.report(end, "", "a value without a name; expected NAME=value")
        if sign in ("", "\n"):
            self._inherit(key, begin)
            return end + 1
        return self._assign(key, begin, end + 1)

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def _inherit(self, key: str, begin: int) -> None:
        # compose-go loses such a key at the very end of a file without a line break; nobody means that
        if key and key in self.outer:
            self.entries[key] = Entry(self.outer[key], *self._mark(begin))

    def _assign(self, key: str, begin: int, at: int) -> int:
        while at < len(self.text) and self.text[at] in _BLANK:
            at += 1
        quote = self.text[at : at + 1]
        if quote in _QUOTED:
            raw, end = self._quoted(key, at, quote)
        else:
            end = self._line_end(at)
            raw = self.text[at:end].split(" #", 1)[0].rstrip(_SPACE)
        value = raw if quote == "'" else self._expanded(key, begin, raw)
        if "\0" in value:
            self.report(begin, key, "a NUL character, which no program can be given; remove it")
        if key:
            self.entries[key] = Entry(value, *self._mark(begin))
        return end

    def _quoted(self, key: str, at: int, quote: str) -> tuple[str, int]:
        match = _QUOTED[quote].match(self.text, at)
        if match is None:
            raise self._stop(at, key, f"the quote {quote} is not closed before the end of the file")
        raw = re.sub(r"\\(.)", lambda found: quote if found[1] == quote else found[0], match[1], flags=re.S)
        return _ESCAPE.sub(_unescaped, raw) if quote == '"' else raw, match.end()

    def _expanded(self, key: str, begin: int, raw: str) -> str:
        """The value with its variables put in; what cannot be read stays as it was written."""
        try:
            parts = parts_of(raw)
            value = expand(parts, self._lookup)
        except ValueError as error:
            self.report(begin, key, str(error))
            return raw
        self.grown += len(value)
        if self.grown > GROWN:
            raise self._stop(begin, key, "the values are too long once their variables are put in")
        self._warn(key, begin, parts)
        return value

    def _lookup(self, name: str) -> str | None:
        if name in self.outer:
            return self.outer[name]
        return self.entries[name].value if name in self.entries else None

    def _warn(self, key: str, begin: int, parts: Parts) -> None:
        for part in parts:
            if isinstance(part, Reference) and not part.operator and self._lookup(part.name) is None:
                self.report(begin, key, _unset(part))
                return


def _unset(reference: Reference) -> str:
    """What is said of a variable without a value. After a bare `$` there may be half a password: it is not shown."""
    what = f"${{{reference.name}}}" if reference.braced else "a $ here"
    advice = "write $$ or use single quotes for a $ that is meant as it is"
    return f"{what} names a variable without a value, and nothing is put in its place; {advice}"


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED[match[1]]
    digits = match[2]
    is_octal = len(digits) == 3 and not set(digits) & set("89") and int(digits, 8) < 256
    return chr(int(digits, 8)) if is_octal else f"\\{digits}"
