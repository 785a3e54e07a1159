"""What a name or a value tells: that it is a secret, of which type it is, how Fairlead would call it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.masking import NAMES
from fairlead.project import values

_NO_SECRET = re.compile(
    r"public|_(file|path|dir|url|uri|host|port|ttl|id|name|user|username|issuer|audience|algorithm|header|enabled|policy"
    r"|length|count|limit|timeout|lifetime|expir\w*|expires?_in|duration|seconds|minutes|hours|days|rounds|prefix)$",
    re.I,
)
_CREDENTIALS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_KEYS = re.compile(
    r"hooks\.slack\.com/|discord(app)?\.com/api/webhooks/|\b(sk_live_|rk_live_|ghp_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza)\w"
)  # what holds one of these lets its holder in, whatever it is called
_ADDRESS = re.compile(r"(^|_)(database|db|postgres|redis|mongo(db)?|amqp|rabbitmq|broker)_?(url|uri)$|(^|_)dsn$", re.I)
_MADE_UP = re.compile(r"\$\{[^}]*\}|\$\w+")

_TYPES = (
    ("bool", re.compile(r"true|false")),
    ("int", re.compile(r"-?(0|[1-9][0-9]{0,14})")),
    ("url", re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#][^\s]*")),
    ("e-mail", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")),
)


def has_credentials(value: str) -> bool:
    """Whether a value is an address with a password in it, or a key of a service that everybody knows."""
    return bool(_CREDENTIALS.search(_MADE_UP.sub("x", value)) or _KEYS.search(value))


def is_secret(name: str, value: str | None = None) -> bool:
    """Whether a variable of that name, or with that value, is one that nobody should read."""
    if value is not None and has_credentials(value):
        return True
    if value is None and _ADDRESS.search(name):
        return True
    return bool(NAMES.search(name)) and not _NO_SECRET.search(name)


def type_of(name: str, found: Iterable[str]) -> str | None:
    """The type that every value found has; None when they are just text, or there is none."""
    texts = [text for text in found if text]
    if not texts:
        return None
    for kind, pattern in _TYPES:
        if all(pattern.fullmatch(text) for text in texts):
            is_port = kind == "int" and re.search(r"(^|_)port$", name, re.I)
            return "port" if is_port and all(0 < int(text) < 65536 for text in texts) else kind
    return None


def fitting(text: str) -> str:
    """The nearest name that Fairlead takes: a to z, 0 to 9 and -, a letter first, at most 40 characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"app-{plain}"
    return plain[:40].strip("-")


def is_variable(text: str) -> bool:
    """Whether it can be the name of a variable."""
    return bool(re.fullmatch(values.VARIABLE, text))
