"""`V2__x.sql.conf`: what is different for one file."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from fairlead.errors import ConfigurationError, Finding

_SWITCHES = {"executeInTransaction": "in_transaction", "placeholderReplacement": "replace"}
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Options:
    """Of one file. None: as the file's statements ask for."""

    in_transaction: bool | None = None
    replace: bool = True
    encoding: str = "utf-8"


def read_options(text: str, shown: str) -> Options:
    """The settings in a `.conf` file. ConfigurationError with what cannot be read."""
    found: dict[str, bool | str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith(("#", "!")):
            key, _, value = stripped.partition("=")
            found |= _setting(key.strip(), value.strip(), shown, number)
    return Options(**found)  # type: ignore[arg-type]


def _setting(key: str, value: str, shown: str, line: int) -> dict[str, bool | str]:
    if key in _SWITCHES:
        if value.lower() not in _TRUTH:
            raise ConfigurationError([Finding(shown, line, 1, key, f"expected true or false, not {value[:40]}")])
        return {_SWITCHES[key]: _TRUTH[value.lower()]}
    if key == "encoding":
        try:
            return {"encoding": codecs.lookup(value).name}
        except LookupError:
            raise ConfigurationError([Finding(shown, line, 1, key, f"there is no encoding {value[:40]}")]) from None
    known = "executeInTransaction, placeholderReplacement and encoding"
    raise ConfigurationError([Finding(shown, line, 1, key[:40], f"not a setting of a migration; there are {known}")])
