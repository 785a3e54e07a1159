"""What looks like a secret and plainly is none: placeholders, references, hashes, what is encrypted already."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

FINGERPRINTS = "secrets/fingerprints.json"  #: beside the project file
_LOCK_FILES = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "bun.lockb", "go.sum", "Package.resolved",
    "Cartfile.resolved", "packages.lock.json", ".terraform.lock.hcl", "deno.lock", ".fairlead-rendered.json",
})  # fmt: skip
_SOPS = re.compile(r"ENC\[AES256_GCM,")
_HASH = re.compile(r"(sha-?(1|224|256|384|512)|md5|blake2b|integrity|checksum|digest)\W*$", re.I)
_ID = re.compile(r"(^|[\W_])(id|uuid|guid|commit|rev|revision|etag|sha|hash|fingerprint)s?\W*$", re.I)
_UUID = re.compile(r"[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}", re.I)
_ALPHABETS = (
    "0123456789abcdef" * 2,
    "abcdefghijklmnopqrstuvwxyz" * 2 + "0123456789+/",
    "0123456789abcdefghijklmnopqrstuvwxyz",
)
_VARIABLE = re.compile(r"[A-Z]+(_[A-Z0-9]+)*$")  #: the name of one, or PASSWORD
_SIGNS = re.compile(r"\$|<.*>$|\{|\[|%[({]|\*+$|.*(…|\.\.\.)|[&!|>(]")  #: of templates, masks, and YAML's own
_SWITCHES = re.compile(r"(true|false|null|none|yes|no|on|off|nil|undefined|scram-sha-256|md5)$", re.I)  #: and methods
_PLACEHOLDERS = re.compile(
    r"(pass(word|wd|phrase)?|pwd|secret|token|key|value|user(name)?|test|postgres|(your|my|the|some|any)[-_ ].*|"
    r"change[-_ ]?(me|this|it).*|x{3,}|placeholder.*|dummy|redacted|hidden)$",
    re.I,
)
_KEY_BODY = re.compile(r"[A-Za-z0-9+/]{40}")
_CALL = re.compile(r"[:=]\s*[\w.-]+[\[(].*[\])]")


def is_made_of_hashes(path: str) -> bool:
    """Whether a package manager wrote it, or this scan: full of hashes that anybody may read."""
    file = PurePosixPath(path)
    name = file.name
    own = f"{file.parent.name}/{name}" == FINGERPRINTS
    return own or name in _LOCK_FILES or name.endswith((".lock", ".lock.json", ".lockfile"))


def is_encrypted(line: str) -> bool:
    """Whether SOPS wrote this line: what it holds is encrypted."""
    return bool(_SOPS.search(line))


def known_form(value: str, line: str, after: str) -> bool:
    """Of a value with the form of a service's keys; `after` is what follows it. The heading of a key is none itself."""
    heading = value.startswith("BEGIN ") or value.startswith("PuTTY")
    return is_encrypted(line) or "example" in value.lower() or (heading and not _KEY_BODY.search(after[:400]))


def password(value: str) -> bool:
    """Of what is given to something that is called a password: a reference, a switch, a placeholder."""
    return len(value) < 4 or any(rule.match(value) for rule in (_VARIABLE, _SIGNS, _SWITCHES, _PLACEHOLDERS))


def drawn(value: str, before: str, line: str) -> bool:
    """Of a string that looks drawn at random, with what stands before it in its line: a hash, an id, an alphabet."""
    return (
        is_encrypted(line)
        or bool(_HASH.search(before) or _HASH.match(re.split(r"[-:]", value)[0]) or _ID.search(before))
        or bool(_UUID.search(value))
        or any(value.lower() in alphabet for alphabet in _ALPHABETS)
        or not any(char.isalpha() for char in value)
    )


def assigned(value: str, line: str) -> bool:
    """Of what follows a name such as `password`, as a line of some language has it: no literal, or a harmless one."""
    bare = re.split(r"\s+(?:#|//)", value)[0].strip(" \t,;\"'`]})")
    quoted = re.search(r"[\"'`]" + re.escape(bare), line)
    prose = len(bare.split()) > (6 if quoted else 2)  # a phrase of six words may be a password
    call = len(line) <= 1000 and bool(_CALL.search(line))
    return is_encrypted(line) or prose or call or password(bare) or not any(char.isalpha() for char in bare)
