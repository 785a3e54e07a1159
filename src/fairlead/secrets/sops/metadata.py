"""The section `sops` of a file: who can open it, which values are encrypted, the MAC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.secrets.sops.nodes import Items, Mapping, Node, Scalar

SECTION = "sops"
VERSION = "3.11.0"  #: of sops, in whose format a new file is written
SUFFIX = "_unencrypted"  #: values below such a key stay in the open when the file says nothing else
# pragma: allowlist nextline secret
MAC_ONLY_ENCRYPTED = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")
"""What the MAC of a file with `mac_only_encrypted` begins with: the SHA-256 of `sops`."""

_RULES = ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex")
_OTHER_KEYS = ("kms", "gcp_kms", "azure_kv", "hc_vault", "pgp")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The data key, for one recipient."""

    recipient: str
    enc: str  #: an age file, armored


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the section says. `mac` and `lastmodified` remember where they stand."""

    age: tuple[Wrapped, ...]
    others: tuple[str, ...]  #: kinds of keys that Fairlead knows nothing of, and leaves as they are
    mac: Scalar
    lastmodified: Scalar
    rule: str
    pattern: str
    mac_only_encrypted: bool
    age_key: Scalar | None  #: the key `age` in the text; None when the section has none

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who can open it, in the order of the file."""
        return tuple(one.recipient for one in self.age)

    def encrypts(self, keys: Sequence[str]) -> bool:
        """Whether a value below these keys is encrypted."""
        if self.rule.endswith("suffix"):
            hit = any(key.endswith(self.pattern) for key in keys)
        else:
            hit = any(re.search(self.pattern, key) for key in keys)
        return hit is self.rule.startswith("encrypted")


def metadata(root: Mapping, file: str) -> Metadata:
    """The section of that document. FairleadError when there is none, or one that Fairlead cannot honour."""
    found = root.items.get(SECTION)
    if found is None or not isinstance(found[1], Mapping):
        hint = "if it was, it is cut off: put it back from git; if it never was, run `sops encrypt --in-place` on it"
        raise FairleadError(f"{file} has no section `{SECTION}`, so it is not encrypted", hint)
    section = found[1]
    _refuse(section, file)
    rule, pattern = _rule(section, file)
    return Metadata(
        tuple(_wrapped(section, file)),
        tuple(kind for kind in _OTHER_KEYS if _filled(section, kind)),
        _required(section, "mac", file),
        _required(section, "lastmodified", file),
        rule,
        pattern,
        _text(section, "mac_only_encrypted").lower() == "true",
        section.items["age"][0] if "age" in section.items else None,
    )


def _refuse(section: Mapping, file: str) -> None:
    for key in ("encrypted_comment_regex", "unencrypted_comment_regex"):
        if _text(section, key):
            raise FairleadError(f"{file} uses {key}, which Fairlead does not know", "use encrypted_regex instead")
    if _filled(section, "key_groups"):
        what = f"{file} needs several people's keys at once (key_groups), which Fairlead does not do"
        raise FairleadError(what, "give the file one group of recipients, with sops")


def _rule(section: Mapping, file: str) -> tuple[str, str]:
    given = [(rule, _text(section, rule)) for rule in _RULES if _text(section, rule)]
    if len(given) > 1:
        both = " and ".join(rule for rule, _ in given)
        raise FairleadError(f"{file} has {both}; sops takes one of them", "take one out, with sops")
    rule, pattern = given[0] if given else (_RULES[0], SUFFIX)
    try:
        re.compile(pattern)
    except re.error:
        raise FairleadError(f"{file}: {rule} is no regular expression", "mend it, with sops") from None
    return rule, pattern


def _wrapped(section: Mapping, file: str) -> Iterator[Wrapped]:
    entry = section.items.get("age")
    for item in entry[1].items if entry and isinstance(entry[1], Items) else ():
        recipient, enc = (_text(item, key) if isinstance(item, Mapping) else "" for key in ("recipient", "enc"))
        if not recipient or not enc:
            line = item.line
            raise FairleadError(f"{file}:{line}: a recipient without its data key", "put the file back from git")
        yield Wrapped(recipient, enc)


def _required(section: Mapping, key: str, file: str) -> Scalar:
    value: Node | None = section.items[key][1] if key in section.items else None
    if isinstance(value, Scalar) and value.text:
        return value
    raise FairleadError(f"{file}: the section `{SECTION}` has no {key}; it is cut off", "put the file back from git")


def _text(section: Mapping, key: str) -> str:
    value = section.items[key][1] if key in section.items else None
    return value.text if isinstance(value, Scalar) else ""


def _filled(section: Mapping, key: str) -> bool:
    value = section.items[key][1] if key in section.items else None
    return isinstance(value, Items | Mapping) and bool(value.items)
