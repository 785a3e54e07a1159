"""A file of secrets: opened with an identity, checked whole, changed by splices."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.secrets.sops import cipher
from fairlead.secrets.sops.cipher import Plain, Unreadable
from fairlead.secrets.sops.document import Document, Splice, inserted, mac, parse, removed, replaced, spliced
from fairlead.secrets.sops.metadata import SECTION
from fairlead.secrets.sops.wrapping import unwrap

if TYPE_CHECKING:
    import pyrage

Changes = Mapping[str, str | None]
"""New values by name; None takes a name out."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with its values in the open."""

    document: Document
    key: bytes = field(repr=False)
    plain: dict[str, Plain] = field(repr=False)  #: by name, of the encrypted ones

    @property
    def values(self) -> dict[str, str]:
        """The values as text, by name, in the order of the file; those that stand in the open too.

        FairleadError for one that is no text.
        """
        found = {}
        for name, leaf in self.document.leaves.items():
            found[name] = self._text(name) if leaf.encrypted else leaf.scalar.text
        return found

    def _text(self, name: str) -> str:
        plain = self.plain[name]
        try:
            return plain.data.decode().lower() if plain.kind == "bool" else plain.data.decode()
        except UnicodeDecodeError:
            what = f"{self.document.where(name)}: {name} is no text"
            raise FairleadError(what, "store it as base64") from None


def open_document(document: Document, identities: Sequence[pyrage.x25519.Identity], hint: str) -> Opened:
    """Decrypt it all, and check that nothing was changed, moved, added or taken away.

    FairleadError when no identity opens it (with `hint`), or when it is not as it was written.
    """
    about = document.metadata
    if not about.age:
        raise FairleadError(f"{document.file} has no recipient of age", "add one, with sops")
    key = unwrap(about.age, identities)
    if key is None:
        raise FairleadError(f"no key here opens {document.file}", hint)
    opened = with_key(document, key)
    _check_mac(opened)
    return opened


def with_key(document: Document, key: bytes) -> Opened:
    """Decrypt it all, without a look at the MAC. FairleadError for a value that this key does not open."""
    return Opened(document, key, {name: _unsealed(document, name, key) for name in encrypted(document)})


def encrypted(document: Document) -> list[str]:
    return [name for name, leaf in document.leaves.items() if leaf.encrypted]


def _unsealed(document: Document, name: str, key: bytes) -> Plain:
    leaf = document.leaves[name]
    text = leaf.scalar.text
    if text and not cipher.is_sealed(text):
        what = f"{document.where(name)}: {name} stands in the open; it was written into the file by hand"
        raise FairleadError(what, f"take the line out, then `fairlead secrets set` it to a new value: {name} is known")
    try:
        return cipher.unseal(text, key, cipher.place(leaf.keys))
    except Unreadable as error:
        hint = f"put the file back as it was: git checkout -- {document.file}"
        raise FairleadError(f"{document.where(name)}: {name} cannot be read: {error}", hint) from None


def _check_mac(opened: Opened) -> None:
    document = opened.document
    about = document.metadata
    hint = f"put it back as it was: git checkout -- {document.file}; change it with `fairlead secrets` or sops only"
    try:
        written = cipher.unseal(about.mac.text, opened.key, _moment(about.lastmodified.text).encode()).data
    except Unreadable:
        what = f"{document.file}:{about.mac.line}: the MAC cannot be read, so the file was changed by hand"
        raise FairleadError(what, hint) from None
    if not hmac.compare_digest(written, _mac(opened).encode()):
        what = f"{document.file} is not as it was written: values were changed, moved, added or taken out (MAC)"
        raise FairleadError(what, hint)


def _mac(opened: Opened) -> str:
    return mac(opened.document, {name: one.data for name, one in opened.plain.items()})


def _moment(text: str) -> str:
    """As sops writes it: RFC 3339 to the second."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def now() -> str:
    """This second, as `lastmodified` has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def changed(opened: Opened, changes: Changes, kept: Mapping[str, str] | None = None) -> str:
    """The text of the file with other values; as it was when nothing changes.

    `kept` has ciphertexts of the same data key for some of the changes, so that a merge takes them as they are.
    FairleadError for a name that would stand in the open.
    """
    document, kept = opened.document, kept or {}
    old = opened.values
    real = {name: value for name, value in changes.items() if old.get(name) != value}
    _refuse_open(document, [name for name, value in real.items() if value is not None])
    if not real:
        return document.text
    new: dict[str, str] = {}
    splices: list[Splice] = []
    for name, value in real.items():
        leaf = document.leaves.get(name)
        if value is None:
            splices.append(removed(document, name))
            continue
        ciphertext = kept.get(name) or sealed(value, opened.key, leaf.keys if leaf else (name,))
        if leaf:
            splices.append(replaced(document, leaf.scalar, ciphertext))
        else:
            new[name] = ciphertext
    return resealed(spliced(document.text, [*splices, *inserted(document, new)]), document.file, opened.key)


def _refuse_open(document: Document, names: Iterable[str]) -> None:
    for name in names:
        leaf = document.leaves.get(name)
        refuse_open(document, name, leaf.keys if leaf else (name,))


def refuse_open(document: Document, name: str, keys: Sequence[str]) -> None:
    """FairleadError for a name whose value the file's rule would leave in the open, or that sops needs itself."""
    about = document.metadata
    if name == SECTION:
        raise FairleadError(f"{name} is the name of a section that sops needs itself", "choose another name")
    if not about.encrypts(keys):
        what = f"{name} would stand in the open in {document.file} ({about.rule}: {about.pattern})"
        raise FairleadError(what, "choose another name")


def sealed(value: str, key: bytes, keys: Sequence[str]) -> str:
    return cipher.seal(Plain(value.encode()), key, cipher.place(keys))


def resealed(text: str, file: str, key: bytes) -> str:
    """The MAC made anew for a text that was changed; what was made is read again before it is trusted."""
    document = parse(text, file)
    opened = with_key(document, key)
    about, moment = document.metadata, now()
    sealed = cipher.seal(Plain(_mac(opened).encode()), key, moment.encode())
    return spliced(text, [replaced(document, about.mac, sealed), replaced(document, about.lastmodified, moment)])
