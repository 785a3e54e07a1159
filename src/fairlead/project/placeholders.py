"""`${NAME}` in commands and environment values: which names there are, and what stands for them.

`$NAME` without braces passes untouched (it may be nginx's own `$host`); `$${` gives a literal `${`. An undefined name
is an error, never an empty string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

NAMES = ("ENVIRONMENT", "FILES", "INSTANCE", "PORT", "PROJECT", "PYTHON", "RELEASE", "SECRETS")

_FOUND = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names(text: str) -> Iterator[str]:
    """The names used in `text`, in order. ValueError with a sentence where `${` does not open a name."""
    for match in _FOUND.finditer(text):
        if match.group(0) == "$${":
            continue
        name, end = match.groups()
        if not end:
            raise ValueError("${ is not closed; write $${ for a literal ${")
        if not _NAME.fullmatch(name):
            raise ValueError(f"{match.group(0)} is not a name in braces; write $${{ for a literal ${{")
        yield name


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with every `${NAME}` replaced and `$${` made `${`. KeyError for a name that has no value."""

    def value(match: re.Match[str]) -> str:
        return "${" if match.group(0) == "$${" else values[match.group(1)]

    return _FOUND.sub(value, text)
