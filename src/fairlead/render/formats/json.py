"""JSON (RFC 8259)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from fairlead.render.formats.base import Event, Malformed, raw

DEPTH = 100


class _Number(str):
    """As it was written: 1.0 is not 1 to everybody."""


class _Pairs(list[tuple[str, Any]]):
    """A mapping with every key it was written with, duplicates too."""


class Json:
    """The format."""

    name = "JSON"
    marks = re.compile("7301([0-9]{6})937")
    bare = "number"

    def mark(self, number: int) -> str:
        """A number, which may stand in quotes and without."""
        return f"7301{number:06d}937"

    def events(self, text: str) -> list[Event]:
        """Keys, values, and where lists and mappings begin and end."""
        try:
            value = json.loads(
                text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number, parse_constant=_constant
            )
        except json.JSONDecodeError as error:
            raise Malformed(error.pos, error.msg) from None
        except RecursionError:
            raise Malformed(0, f"nested deeper than {DEPTH} levels") from None
        return list(_events(value, 0))

    def check(self, text: str) -> None:
        """Nothing to say beyond the events."""

    def escapes(self, kind: str) -> Sequence[Callable[[str], str]]:
        """In quotes as JSON writes text."""
        return (raw,) if kind == self.bare else (lambda value: json.dumps(value, ensure_ascii=False)[1:-1],)


def _constant(_: str) -> NoReturn:
    raise Malformed(0, "NaN and Infinity are no JSON")


def _events(value: Any, depth: int) -> Iterator[Event]:
    if depth > DEPTH:
        raise Malformed(0, f"nested deeper than {DEPTH} levels")
    if isinstance(value, _Pairs):
        yield Event("{")
        for key, below in value:
            yield Event("key", key)
            yield from _events(below, depth + 1)
        yield Event("}")
    elif isinstance(value, list):
        yield Event("[")
        for below in value:
            yield from _events(below, depth + 1)
        yield Event("]")
    elif isinstance(value, _Number):
        yield Event("number", value)
    else:
        yield Event("text", value) if isinstance(value, str) else Event("word", str(value))
