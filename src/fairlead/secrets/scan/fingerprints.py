"""Values known by fingerprint alone, so that a machine without the key (CI) finds them too.

The file holds a random key and, for each form of a value, HMAC-SHA256 of it (RFC 2104), cut to 128 bits. The key
stands beside the fingerprints, so whoever has the file can try values one by one: a billion a second, say. That finds
nothing that was drawn at random, and it would find a word or a name. So only values get in that look drawn at random,
or were (`looks_random`); others are found only where they can be decrypted.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fairlead.errors import FairleadError
from fairlead.masking.forms import BASE64, PLAIN, QUOTED, URL, forms
from fairlead.secrets.scan import harmless
from fairlead.secrets.scan.leak import Match
from fairlead.secrets.scan.own import OwnValue, label

FILE = harmless.FINGERPRINTS
SHORTEST = 16  #: characters of a value that is fingerprinted, and of a token that is looked up
LONGEST = 4096  #: of a token
LOOKED_UP = (PLAIN, QUOTED, URL, BASE64)
_CLASSES = (str.islower, str.isupper, str.isdigit)


def looks_random(value: str) -> bool:
    """Whether it was drawn at random, as far as one can see: long, of many characters, and no words in it.

    Letters of words come in runs; in what is drawn from letters and digits about six of ten neighbours are of
    different classes, in hex about half.
    """
    if len(value) < SHORTEST or len(set(value)) < 10 or any(char.isspace() for char in value):
        return False
    kinds = [next((number for number, is_class in enumerate(_CLASSES) if is_class(char)), 3) for char in value]
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes >= 0.4 * (len(value) - 1)


@dataclass(frozen=True, slots=True)
class Known:
    """Of one fingerprint: whose it is, and of which form of the value."""

    name: str
    environment: str
    how: str = PLAIN


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What the file holds, by fingerprint."""

    key: bytes
    known: dict[str, Known]

    def find(self, text: str) -> Iterator[Match]:
        """Every token of the text that is known."""
        for token, start in tokens(text):
            known = self.known.get(fingerprint(self.key, token))
            if known:
                yield Match(start, start + len(token), label(known.name, known.environment, known.how), own=True)

    def without(self, environments: Iterable[str]) -> Fingerprints:
        """Those of other environments."""
        gone = set(environments)
        return Fingerprints(self.key, {id: one for id, one in self.known.items() if one.environment not in gone})

    def beside(self, other: Fingerprints) -> Fingerprints:
        """Both; of the same value these names count."""
        return Fingerprints(self.key, dict(sorted((other.known | self.known).items())))

    def to_data(self) -> dict[str, Any]:
        """As it is written."""
        known = {id: [one.name, one.environment, one.how] for id, one in self.known.items()}
        return {"key": self.key.hex(), "known": known}


def fingerprint(key: bytes, text: str) -> str:
    """32 hex digits."""
    return hmac.digest(key, text.encode(errors="surrogatepass"), "sha256").hex()[:32]


def make(values: Iterable[OwnValue], key: bytes | None = None) -> Fingerprints:
    """Fingerprints of those values that look random; the same `key` again gives the same file."""
    key = key or secrets.token_bytes(16)
    found: dict[str, Known] = {}
    for one in values:
        value = one.value.reveal()
        if looks_random(value):
            for form, how in forms(value).items():
                if how in LOOKED_UP and len(form) >= SHORTEST:
                    found.setdefault(fingerprint(key, form), Known(one.name, one.environment, how))
    return Fingerprints(key, dict(sorted(found.items())))


def from_data(data: Any, file: str) -> Fingerprints:
    """The inverse of `to_data`. FairleadError when it is no such file."""
    try:
        known = {str(id): Known(*map(str, facts)) for id, facts in data["known"].items()}
        return Fingerprints(bytes.fromhex(data["key"]), known)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        what = f"{file}: this is no file of fingerprints"
        raise FairleadError(what, "write it anew: fairlead secrets scan --remember") from error


_WORDS = (
    re.compile(r"[^\s\"'`,;<>()\[\]{}|]{16,}"),  # a word of the shell, an argument, an unquoted scalar
    re.compile(r"[\w.~%+/=-]{16,}"),  # base64 and what is URL-encoded
    re.compile(r"[\w.~%+-]{16,}"),
    re.compile(r"[\w-]{16,}"),
    re.compile(r"[^\W_]{16,}"),
    re.compile(r"\"([^\"\n]{16,})\"|'([^'\n]{16,})'|`([^`\n]{16,})`"),
)
_AFTER = re.compile(r"[=:@/?&]")  #: what follows one of these in a word is a word too: NAME=value, user:value@host


def tokens(text: str) -> Iterator[tuple[str, int]]:
    """What a value could be in this text, each with its first place: words by several rules, and parts of them."""
    seen: set[str] = set()
    for rule in _WORDS:
        for match in rule.finditer(text):
            group = match.lastindex or 0
            for token, start in _parts(match[group], match.start(group)):
                if SHORTEST <= len(token) <= LONGEST and token not in seen:
                    seen.add(token)
                    yield token, start


def _parts(word: str, start: int) -> Iterator[tuple[str, int]]:
    yield word, start
    if len(word) > LONGEST:
        return
    yield word.rstrip("=.:"), start
    marks = list(_AFTER.finditer(word))[:20]
    for mark in marks:
        rest = word[mark.end() :]
        yield rest, start + mark.end()
        yield rest.partition("@")[0], start + mark.end()
        yield rest.partition("&")[0], start + mark.end()
        yield rest.partition("/")[0], start + mark.end()
