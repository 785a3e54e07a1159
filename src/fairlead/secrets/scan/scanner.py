"""One text at a time: every finder asked, what is waived left out, places as lines and columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from fairlead.secrets.scan.leak import Leak, Match
from fairlead.secrets.scan.patterns import Lines
from fairlead.secrets.scan.waivers import is_waived


class Finder(Protocol):
    """Looks for values of one sort in a text."""

    def find(self, text: str) -> Iterator[Match]:
        """Where they stand, in any order."""


class PatternFinder(Protocol):
    """Looks for what looks like a secret, which depends on the kind of file."""

    def find(self, path: str, text: str) -> Iterator[Match]:
        """Where it stands, in any order."""


class Scanner:
    """What is looked for. `own` values are looked for in every file, patterns in text alone."""

    def __init__(self, own: Sequence[Finder], patterns: PatternFinder | None) -> None:
        self._own = own
        self._patterns = patterns

    def scan(self, path: str, data: bytes, blob: str = "") -> list[Leak]:
        """The leaks in the content of a file, in its order. `blob` names the git object it was taken from."""
        text, is_text = decoded(data)
        matches = [match for finder in self._own for match in finder.find(text)]
        if self._patterns and is_text:
            matches += self._patterns.find(path, text)
        lines = Lines(text)
        return [
            self._leak(path, lines, match, blob)
            for match in apart(matches)
            for number in [lines.number(match.start)]
            if not is_waived(lines.line(number), lines.line(number - 1))
        ]

    def _leak(self, path: str, lines: Lines, match: Match, blob: str) -> Leak:
        number = lines.number(match.start)
        same = hash((match.kind, lines.text[match.start : match.end]))
        return Leak(path, number, match.start - lines.start(number) + 1, match.kind, match.own, blob, same)


def decoded(data: bytes) -> tuple[str, bool]:
    """The content as text, and whether it is text: UTF-16 where it says so, else UTF-8; what is neither, as bytes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), True
    if b"\0" in data[:8192]:
        return data.decode("latin-1"), False
    return data.decode("utf-8", errors="replace"), True


def apart(matches: Iterable[Match]) -> list[Match]:
    """One match for each place: what two found is one leak. A value of the project's own says more than a pattern."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (not one.own, one.start - one.end, one.start)):
        if not any(match.start < other.end and other.start < match.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.start)
