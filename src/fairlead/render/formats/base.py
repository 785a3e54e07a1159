"""What a format has to say of a text, so that a template can be held against what was made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Event(NamedTuple):
    """Something a reader finds: where a list begins, a key, a value."""

    kind: str
    text: str = ""


class Malformed(Exception):
    """A text is not what it should be. `offset` counts characters; the message is without any part of the text."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


class Format(Protocol):
    """One format."""

    name: str  #: as a sentence has it
    marks: re.Pattern[str]  #: finds what `mark` gives; its group is the number
    bare: str  #: kind of the events whose text is not quoted and may be a whole value; empty: there is none

    def mark(self, number: int) -> str:
        """What stands for the value number `number`: right wherever a value may stand, and found again."""

    def events(self, text: str) -> list[Event]:
        """What a reader finds in the text, in order. Malformed when it is not of this format."""

    def check(self, text: str) -> None:
        """Malformed when the text, with its values, has what no reader of its own would take."""

    def escapes(self, kind: str) -> Sequence[Callable[[str], str]]:
        """The ways to write a value in an event of that kind, the usual one first."""


class Words:
    """What formats have in common whose values are words."""

    marks = re.compile("fairleadq([0-9]+)q")
    bare = ""

    def mark(self, number: int) -> str:
        """A word, which may be a name too."""
        return f"fairleadq{number}q"

    def check(self, text: str) -> None:
        """Nothing to say beyond the events."""


def raw(value: str) -> str:
    """The value as it is."""
    return value


def offset_of(text: str, line: int, column: int = 1) -> int:
    """The offset of a place; both count from 1."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return min(at + column - 1, len(text))
