"""The type that carries a secret and never prints itself, and how text that may hold one is made fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

MASK = "********"


class Secret:
    """A value that shows as a mask in str(), repr(), formats and tracebacks; `reveal()` is the one way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; call it at the last moment, where the value leaves for its reader."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


NAMES = re.compile(r"pass(word|wd|phrase)?($|_)|secret|token|api_?key|credential|private|(^|_)key$|(^|_)dsn$", re.I)
"""Names of variables whose values nobody should read."""

_SHAPES = (
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # the password in an address
    re.compile(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I),
    re.compile(r"""((?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;]{4,}""", re.I),
)
_SHORTEST = 4  #: a shorter value would mask half of any text


def masked(text: str, values: Iterable[str] = ()) -> str:
    """`text` without `values`, and without what looks like a secret: `https://user:…@`, `token=…`, `Bearer …`."""
    for value in sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(value, MASK)
    for shape in _SHAPES:
        text = shape.sub(lambda found: found[1] + MASK, text)
    return text
