"""The types of variables: whether a value fits one, and the phrase that says what was expected.

No message quotes a value. Most come from files in which somebody may have put a secret in the wrong line.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fairlead.project import values
from fairlead.project.patterns import Patterns, Unfit

LONGEST = 64_000  #: characters; what is larger is a file, not a variable

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://")
_E_MAIL = r"[^@\s\"<>(),:;\\]{1,64}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62}){1,20}"
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9_-]*={0,2}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type: the phrase after "expected", an example, and the test."""

    what: str
    example: str
    fits: Callable[[str], bool]


def _url(value: str) -> bool:
    if not _SCHEME.match(value) or re.search(r"[\s\"<>\\^`{|}]", value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if port == 0:
        return False
    return bool(parts.hostname) or (parts.scheme not in ("http", "https") and bool(parts.path.strip("/")))


def _port(value: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", value) is not None and 1 <= int(value) <= 65535


def _base64(value: str) -> bool:
    if not value or not _BASE64.fullmatch(value) or ("=" in value and len(value) % 4):
        return False
    try:
        base64.b64decode(value.rstrip("=").replace("-", "+").replace("_", "/") + "=" * (-len(value.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return False
    return True


def _json(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _like(pattern: str) -> Callable[[str], bool]:
    read = re.compile(pattern)
    return lambda value: read.fullmatch(value) is not None


KINDS = {
    "url": Kind("a URL such as https://www.example.org", "https://www.example.org", _url),
    "port": Kind("a port from 1 to 65535", "8080", _port),
    "int": Kind("a whole number", "10", _like(r"[-+]?[0-9]{1,30}")),
    "bool": Kind("true or false", "true", _like("(?i:true|false|yes|no|on|off|1|0)")),
    "duration": Kind("a duration such as 500ms, 10s, 5m, 2h or 30d", "10s", _like(values.DURATION)),
    "size": Kind("a size such as 512M or 2G", "512M", _like(values.SIZE)),
    "e-mail": Kind("an e-mail address such as team@example.org", "team@example.org", _like(_E_MAIL)),
    "hex": Kind("hexadecimal digits, such as 0f9a", "0f9a", _like("[0-9A-Fa-f]+")),
    "base64": Kind("base64, such as c2hvcA==", "c2hvcA==", _base64),
    "json": Kind('JSON, such as {"theme": "dark"}', '{"theme": "dark"}', _json),
}  # fmt: skip
"""All but enum and regex, which say themselves what fits."""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of one variable; without a name any text fits."""

    name: str | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None

    @property
    def what(self) -> str:
        """What a value is, as one phrase."""
        if self.name == "enum":
            return _one_of(self.values)
        if self.name == "regex":
            return f"text that matches {self.pattern} as a whole"
        return KINDS[self.name].what if self.name else "text"

    @property
    def example(self) -> str:
        """One that fits; empty where none is known."""
        if self.name == "enum":
            return self.values[0] if self.values else ""
        return KINDS[self.name].example if self.name in KINDS else ""

    def fits(self, value: str, patterns: Patterns) -> bool:
        """Whether the value is of this type. TooMuch when all patterns of the file take too long.

        A pattern that cannot be used fits everything: that is said where it stands.
        """
        if len(value) > LONGEST:
            return False
        if self.name == "enum":
            return value in self.values
        if self.name == "regex":
            return self._matches(value, patterns)
        return self.name is None or KINDS[self.name].fits(value)

    def _matches(self, value: str, patterns: Patterns) -> bool:
        try:
            return self.pattern is None or patterns.matches(self.pattern, value)
        except Unfit:
            return True


def _one_of(choices: tuple[str, ...]) -> str:
    shown = choices[:20]
    rest = f" or one of {len(choices) - 20} more" if len(choices) > 20 else ""
    return f"one of {', '.join(shown)}{rest}" if len(choices) > 1 else "".join(choices)
