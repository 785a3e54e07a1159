"""Do two releases give the same kind of answer? Fairlead asks both and compares status, type and shape, never values.

The edge throws away what a shadow answers, so Fairlead sends a few safe requests of its own. The stable release is
asked twice: what differs between its own two answers (a random list, a field that comes and goes) says nothing of the
new one. Source of that: Twitter's Diffy, "Testing services without writing tests", 2015.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.project.stack import Smoke
from fairlead.system.http import Answer

Ask = Callable[[str, str | None, dict[str, str], float], Answer]
LARGEST = 1 << 20  #: bytes of JSON that are looked into
SHOWN = 5  #: places of one answer that are named
DEEPEST = 40  #: objects and lists inside each other that are looked into
MARGIN = 200  #: bytes by which a text may differ, however short it is
TYPES: dict[type, str] = {
    dict: "object", list: "list", str: "text", bool: "true or false", int: "number", float: "number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the new release answers a request otherwise. No values are in it, only names and types."""

    path: str
    what: str  #: status, type, or the place in the JSON
    stable: str
    canary: str

    def __str__(self) -> str:
        return f"GET {self.path}: {self.what} was {self.stable}, is {self.canary}"


def compare(
    ask: Ask, tests: Iterable[Smoke], stable_header: Mapping[str, str], canary_header: Mapping[str, str]
) -> tuple[Difference, ...]:
    """Three requests for each test, one after the other: twice the stable release, then the new one."""
    found: list[Difference] = []
    for test in tests:
        first, second, new = (
            ask(test.path, test.host, dict(header), test.timeout)
            for header in (stable_header, stable_header, canary_header)
        )
        noise = {one.what for one in differences(test.path, first, second)}
        found += [one for one in differences(test.path, second, new) if one.what not in noise]
    return tuple(found)


def differences(path: str, stable: Answer, canary: Answer) -> tuple[Difference, ...]:
    """Of two answers. Another status or type is all that is said then: of course the bodies differ too."""
    for what, seen in (("status", _status), ("type", _media_type)):
        if seen(stable) != seen(canary):
            return (Difference(path, what, seen(stable), seen(canary)),)
    old, new = _parsed(stable), _parsed(canary)
    if old is None or new is None:
        return _lengths(path, len(stable.body), len(canary.body))
    return tuple(_shapes(path, old[0], new[0]))[:SHOWN]


def _status(answer: Answer) -> str:
    return str(answer.status) if answer.status else answer.error


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower() or "none"


def _parsed(answer: Answer) -> tuple[Any] | None:
    kind = _media_type(answer)
    if not (kind == "application/json" or kind.endswith("+json")) or len(answer.body) > LARGEST:
        return None
    try:
        return (json.loads(answer.body),)
    except (ValueError, RecursionError):
        return None


def _lengths(path: str, old: int, new: int) -> tuple[Difference, ...]:
    """A text that is more than twice as long, or less than half: a page of errors, a page without its content."""
    low, high = sorted((old, new))
    if high > 2 * low and high - low > MARGIN:
        return (Difference(path, "length", f"{old} bytes", f"{new} bytes"),)
    return ()


def _shapes(path: str, old: Any, new: Any) -> Iterator[Difference]:
    before, after = shape(old), shape(new)
    for place in sorted(before.keys() | after.keys()):
        was, now = before.get(place), after.get(place)
        if was == now or _unknown(place, after if now is None else before if was is None else {}):
            continue
        if was and now and not (was - {"null"} and now - {"null"} and was - {"null"} != now - {"null"}):
            continue  # a value that may be missing tells no type
        yield Difference(path, place, _named(was), _named(now))


def _named(types: set[str] | None) -> str:
    return " or ".join(sorted(types)) if types else "not there"


def _unknown(place: str, other: Mapping[str, set[str]]) -> bool:
    """Whether the other side cannot tell: something above the place is null there, or a list without items."""
    while place:
        place = place.removesuffix("[]") if place.endswith("[]") else place.rpartition(".")[0]
        if place in other:
            return bool(other[place] & {"null", "list"}) and f"{place}[]" not in other
    return False


def shape(
    value: Any, place: str = "$", known: dict[str, set[str]] | None = None, depth: int = 0
) -> dict[str, set[str]]:
    """The types found at each place of JSON data: `$.items[].price` → {"number"}. All items of a list are one place."""
    known = {} if known is None else known
    known.setdefault(place, set()).add(TYPES.get(type(value), "null"))
    if depth < DEEPEST and isinstance(value, dict):
        for name, item in value.items():
            shape(item, f"{place}.{name}", known, depth + 1)
    if depth < DEEPEST and isinstance(value, list):
        for item in value:
            shape(item, f"{place}[]", known, depth + 1)
    return known
