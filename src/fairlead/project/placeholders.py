"""`${NAME}` in commands, environment values and templates: which names there are, and what stands for them.

`$NAME` without braces passes untouched (it may be nginx's own `$host`); `$${` gives a literal `${`. An undefined name
is an error, never an empty string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NAMES = ("ENVIRONMENT", "FAIRLEAD", "FILES", "INSTANCE", "PORT", "PROJECT", "PYTHON", "RELEASE", "SECRETS")

_FOUND = re.compile(r"\$\$\{|\$\{([^}\n]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A place in a text where `${` stands."""

    start: int  #: offset of its first character
    end: int  #: offset after its last one
    name: str = ""  #: empty: it is `$${`, or `wrong` says what it is
    wrong: str = ""  #: what is wrong with it, one sentence


def find(text: str) -> Iterator[Found]:
    """Every `${NAME}`, `$${` and `${` that opens no name, in order."""
    for match in _FOUND.finditer(text):
        name, end = match.groups()
        if match.group(0) == "$${":
            yield Found(*match.span())
        elif not end:
            yield Found(*match.span(), wrong="${ is not closed; write $${ for a literal ${")
        elif not _NAME.fullmatch(name):
            yield Found(*match.span(), wrong=f"{match.group(0)} is not a name in braces; write $${{ for a literal ${{")
        else:
            yield Found(*match.span(), name=name)


def names(text: str) -> Iterator[str]:
    """The names used in `text`, in order. ValueError with a sentence where `${` does not open a name."""
    for found in find(text):
        if found.wrong:
            raise ValueError(found.wrong)
        if found.name:
            yield found.name


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with every `${NAME}` replaced and `$${` made `${`. KeyError for a name that has no value."""

    def value(match: re.Match[str]) -> str:
        return "${" if match.group(0) == "$${" else values[match.group(1)]

    return _FOUND.sub(value, text)
