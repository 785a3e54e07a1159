"""`${name}` in migration files, as Flyway replaces it: everywhere, comments and strings too, in any case."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from fairlead.postgres.tokens import SqlError

_FOUND = re.compile(r"\$\{([^}\n]{0,200})(\}?)")


def expand(text: str, values: Mapping[str, str], secret: Collection[str] = ()) -> str:
    """`text` with every placeholder replaced. SqlError at one without a value.

    The names of `values` are in lower case. `secret` are names that exist and whose values must not be in a file.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1).strip().lower()
        if match.group(2) and name in values:
            return values[name]
        raise SqlError(_why(match, name, values, secret), match.start())

    return _FOUND.sub(value, text) if "${" in text else text


def _why(match: re.Match[str], name: str, values: Mapping[str, str], secret: Collection[str]) -> str:
    if not match.group(2):
        return "${ is not closed; where it is no placeholder, say placeholderReplacement=false in the file's .conf"
    if name in {one.lower() for one in secret}:
        return f"{match.group()} is secret, and what a migration says can be read by others; set it after the migration"
    known = ", ".join(sorted(one for one in values if not one.startswith("flyway:"))[:8])
    return f"{match.group()} has no value; declare it under variables{f' (there are {known})' if known else ''}"
