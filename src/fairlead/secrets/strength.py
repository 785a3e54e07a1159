"""Why a secret is weak, in words; nothing when it is not. Pure, and the value is in no answer.

Placeholders and examples are found by how they look, common passwords by a list, the rest by a count of the bits that
somebody who knows the letters but not their order would have to guess (Shannon's entropy of the value times its
length). That is an upper bound: a sentence looks stronger than it is, so it tells weak values, never strong ones.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from importlib.resources import files

SHORTEST = 12  #: characters
FEWEST_BITS = 36.0  #: of entropy: twelve random digits have less, twelve random letters more
LONGEST = 200  #: characters; what is longer is neither a placeholder nor typed by hand
LEAST_DISTINCT = 5  #: different characters

_PLACEHOLDER = re.compile(
    r"^(change[-_ ]?(me|it|this|now)?([-_! ].*)?|(please[-_ ]?)?(change|replace|update|fill|set|insert|enter)[-_ ]?"
    r"(me|this|in|here|with|your).*|x{3,}|[-_x]{4,}|\*{3,}|\.{3,}|your[-_ ].*|my[-_ ](secret|password|key|token).*|"
    r"<.*>|\[.*\]|\{\{.*\}\}|\$\{?[A-Z_][A-Z0-9_]*\}?|%[A-Z_]+%|to[-_ ]?do\b.*|fix[-_ ]?me\b.*|tbd|n/?a|none|null|nil|"
    r"undefined|empty|dummy([-_ ].*)?|fake([-_ ].*)?|foo|bar|foobar|baz|lorem.*|placeholder.*|secret[-_ ]?here|"
    r"(insert|put|add)[-_ ].*[-_ ]here|.*[-_ ]goes[-_ ]here|"
    r"change[-_ ]?\w{0,40}(password|passwd|secret|key|token)|"
    r"[^:/?]*(insecure|should[-_ ]be[-_ ](changed|updated))[^:/?]*|.*change[-_]?me.*|.*replace[-_]?me.*)$",
    re.I,
)  # fmt: skip
_EXAMPLE = re.compile(
    r"(^|[^a-z])(example|sample|placeholder|your[-_](?:secret|password|key|token)|dummy)([^a-z]|$)", re.I
)
_AWS_EXAMPLE = re.compile(r"EXAMPLE(KEY)?$")  # as in AWS's documentation: AKIAIOSFODNN7EXAMPLE
_ROW = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm"


def placeholder(value: str) -> str | None:
    """Why this is no value at all but something to be filled in; None when it does not look so."""
    text = value.strip()
    if not text:
        return "is empty"
    if len(text) > LONGEST:
        return None
    if _PLACEHOLDER.match(text):
        return "is a placeholder that nobody filled in"
    if "://" in text:
        return None  # example.com in an address may well be meant
    if _EXAMPLE.search(text) or _AWS_EXAMPLE.search(text):
        return "is an example out of some documentation"
    return None


def weakness(value: str, shortest: int = SHORTEST) -> str | None:
    """Why it is easy to guess; None when nothing speaks against it.

    For an address with a password in it, that password is what counts; one without says nothing that could be counted.
    """
    found = placeholder(value)
    if found or value.lstrip().startswith("-----BEGIN "):
        return found
    inside = password_of(value)
    if inside is not None:
        why = weakness(inside, shortest) if inside else "is empty"
        return f"has a password that {why}" if why else None
    return None if "://" in value else _guessable(value, shortest)


def _guessable(value: str, shortest: int) -> str | None:
    text = value.strip()
    lowered = text.lower()
    if lowered in common() or lowered.rstrip("0123456789!.?#") in common():
        return "is one of the passwords that everybody tries first"
    if len(text) < shortest:
        return f"has {len(text)} characters; at least {shortest} are needed"
    if len(set(text)) < LEAST_DISTINCT:
        return f"is made of {len(set(text))} different characters"
    if len(text) <= LONGEST and _is_row(lowered):
        return "is a row of the alphabet or the keyboard"
    bits = entropy(text)
    if bits < FEWEST_BITS:
        return f"has about {bits:.0f} bits of randomness at most; at least {FEWEST_BITS:.0f} are needed"
    return None


def password_of(value: str) -> str | None:
    """The password in an address such as `postgres://user:password@host/db`; None when there is none."""
    found = re.match(r"[a-z][a-z0-9+.-]*://[^/?#@:]*:([^/?#]*)@", value.strip(), re.I)
    return found[1] if found else None


def entropy(text: str) -> float:
    """Bits at most: Shannon's entropy of the characters, times how many there are."""
    if not text:
        return 0.0
    total = len(text)
    return -sum(count * math.log2(count / total) for count in Counter(text).values())


@cache
def common() -> frozenset[str]:
    """The passwords that are tried first, in lower case."""
    lines = (files("fairlead.secrets") / "common.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_row(text: str) -> bool:
    """`abcdefghijkl`, `qwertyuiop12`: pieces of rows, one after the other, also backwards, or one piece repeated."""
    half = next((size for size in range(1, len(text) // 2 + 1) if text[:size] * (len(text) // size) == text), 0)
    if half and half <= LEAST_DISTINCT + 1:
        return True
    rows = _ROW + " " + _ROW[::-1]
    at = pieces = 0
    while at < len(text):
        size = next((size for size in range(len(text) - at, 2, -1) if text[at : at + size] in rows), 0)
        if not size:
            return False
        at, pieces = at + size, pieces + 1
    return pieces <= max(2, len(text) // 5)
