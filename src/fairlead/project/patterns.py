"""Whether a value matches a pattern of the user's, in time that grows with the length of both and no faster.

Python's `re` goes back and tries again, and a pattern such as `(a+)+b` then takes years. Here a pattern is a
non-deterministic automaton whose states are followed all at once (K. Thompson, Regular Expression Search Algorithm,
1968). That answers every question but those that need a look back: references to groups, lookaround, atomic groups and
word boundaries are refused. The pattern is read by Python's own reader, so that it means what it means to `re`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

LONGEST_PATTERN = 400  #: characters
LONGEST_VALUE = 4000  #: characters
MOST_STATES = 1000  #: an automaton may have; `x{1,500}` has about a thousand
MOST_WORK = 600_000  #: steps that one project file may take, all its patterns together

_reader: Any = import_module("re._parser")  # not public, but the only thing that reads what `re` reads
_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_NOT_DIGIT": lambda letter: not letter.isdecimal(),
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_NOT_SPACE": lambda letter: not letter.isspace(),
    "CATEGORY_WORD": lambda letter: letter.isalnum() or letter == "_",
    "CATEGORY_NOT_WORD": lambda letter: not (letter.isalnum() or letter == "_"),
}

Test = Callable[[str], bool]


class Unfit(ValueError):
    """The pattern cannot be used; the sentence says why."""


class TooMuch(Exception):
    """All patterns of the file together take too long."""


@dataclass(slots=True)
class Automaton:
    """States are numbers. A state either reads a letter and goes on, or goes to others without reading."""

    reads: list[Test | None] = field(default_factory=list)
    goes: list[list[int]] = field(default_factory=list)
    anchors: dict[int, str] = field(default_factory=dict)  #: states that are passed at one end of the value only

    def state(self, test: Test | None = None) -> int:
        """A new one."""
        if len(self.reads) >= MOST_STATES:
            raise Unfit(f"repeats more than can be followed ({MOST_STATES} steps); say it with fewer repetitions")
        self.reads.append(test)
        self.goes.append([])
        return len(self.reads) - 1

    def matches(self, value: str) -> bool:
        """Whether the whole value is one that the pattern describes; the last state is the end."""
        length, final = len(value), len(self.reads) - 1
        now = self._closed([0], 0, length)
        for place, letter in enumerate(value, 1):
            now = self._closed(self._read(now, letter), place, length)
            if not now:
                return False
        return final in now

    def _read(self, now: Iterable[int], letter: str) -> list[int]:
        return [after for one in now if (test := self.reads[one]) and test(letter) for after in self.goes[one]]

    def _closed(self, some: list[int], place: int, length: int) -> set[int]:
        """These, and all that are reached from them without reading."""
        found: set[int] = set()
        while some:
            one = some.pop()
            if one in found or not self._passes(one, place, length):
                continue
            found.add(one)
            if self.reads[one] is None:
                some += self.goes[one]
        return found

    def _passes(self, one: int, place: int, length: int) -> bool:
        anchor = self.anchors.get(one)
        return anchor is None or place == (0 if anchor == "begin" else length)


@dataclass(slots=True)
class Patterns:
    """Matches values, and keeps count of what that costs."""

    left: int = MOST_WORK
    known: dict[tuple[str, str], bool] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def readable(self, pattern: str) -> Automaton:
        """The automaton of a pattern. Unfit, TooMuch."""
        if pattern not in self.read:
            self.read.add(pattern)
            self._spend(MOST_STATES)
        return compiled(pattern)

    def matches(self, pattern: str, value: str) -> bool:
        """Whether `value` as a whole matches. Unfit, TooMuch."""
        automaton = self.readable(pattern)
        if len(value) > LONGEST_VALUE:
            return False
        if (pattern, value) not in self.known:
            self._spend(len(automaton.reads) * (len(value) + 1))
            self.known[pattern, value] = automaton.matches(value)
        return self.known[pattern, value]

    def _spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuch


@lru_cache(500)
def compiled(pattern: str) -> Automaton:
    """The automaton of a pattern. Unfit."""
    if len(pattern) > LONGEST_PATTERN:
        raise Unfit(f"longer than {LONGEST_PATTERN} characters")
    try:
        tree = _reader.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unfit(f"not readable as a regular expression: {getattr(error, 'msg', 'nested too deeply')}") from None
    if tree.state.flags & ~int(re.UNICODE):
        raise Unfit("flags such as (?i) are not supported; write [Aa]")
    made = Automaton()
    _sequence(made, tree, made.state())
    made.goes[_last(made)].append(made.state())
    return made


def _last(made: Automaton) -> int:
    """The state that the last piece ended in; by construction it is the newest."""
    return len(made.reads) - 1


def _sequence(made: Automaton, pieces: Any, start: int) -> int:
    """Adds the states of `pieces` after `start`; the state at the end, always the newest."""
    at = start
    for name, detail in pieces:
        at = _piece(made, str(name), detail, at)
    end = made.state()
    made.goes[at].append(end)
    return end


def _piece(made: Automaton, name: str, detail: Any, at: int) -> int:
    if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
        return _letter(made, _test(name, detail), at)
    if name == "SUBPATTERN":
        _, added, removed, inner = detail
        if added or removed:
            raise Unfit("flags such as (?i:…) are not supported; write [Aa]")
        return _sequence(made, inner, at)
    if name == "BRANCH":
        return _branch(made, detail[1], at)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeat(made, detail, at)
    if name == "AT" and (anchor := _ANCHORS.get(str(detail))):
        end = made.state()
        made.anchors[end] = anchor
        made.goes[at].append(end)
        return end
    raise Unfit("lookaround, word boundaries, atomic groups and references to groups are not supported")


_ANCHORS = {"AT_BEGINNING": "begin", "AT_BEGINNING_STRING": "begin", "AT_END": "end", "AT_END_STRING": "end"}


def _letter(made: Automaton, test: Test, at: int) -> int:
    reading, end = made.state(test), made.state()
    made.goes[at].append(reading)
    made.goes[reading].append(end)
    return end


def _branch(made: Automaton, ways: Any, at: int) -> int:
    ends = []
    for way in ways:
        begin = made.state()
        made.goes[at].append(begin)
        ends.append(_sequence(made, way, begin))
    join = made.state()
    for end in ends:
        made.goes[end].append(join)
    return join


def _repeat(made: Automaton, detail: Any, at: int) -> int:
    least, most, inner = detail
    for _ in range(least):
        at = _sequence(made, inner, at)
    if most == _reader.MAXREPEAT:
        begin = made.state()
        made.goes[at].append(begin)
        made.goes[_sequence(made, inner, begin)].append(begin)
        return _left(made, [begin])
    exits = [at]
    for _ in range(int(most) - least):
        at = _sequence(made, inner, at)
        exits.append(at)
    return _left(made, exits)


def _left(made: Automaton, exits: list[int]) -> int:
    end = made.state()
    for one in exits:
        made.goes[one].append(end)
    return end


def _test(name: str, detail: Any) -> Test:
    if name == "ANY":
        return lambda letter: letter != "\n"
    if name != "IN":
        wanted = chr(detail)
        return (lambda letter: letter == wanted) if name == "LITERAL" else (lambda letter: letter != wanted)
    tests = [_member(str(kind), value) for kind, value in detail if str(kind) != "NEGATE"]
    negated = any(str(kind) == "NEGATE" for kind, _ in detail)
    return lambda letter: any(test(letter) for test in tests) is not negated


def _member(kind: str, value: Any) -> Test:
    if kind == "LITERAL":
        return lambda letter: ord(letter) == value
    if kind == "RANGE":
        least, most = value
        return lambda letter: least <= ord(letter) <= most
    return _CATEGORIES[str(value)]
