"""The text of a file, its values with their places, and changes as splices of that text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.errors import FairleadError
from fairlead.secrets.sops import nodes
from fairlead.secrets.sops.metadata import MAC_ONLY_ENCRYPTED, SECTION, Metadata, metadata
from fairlead.secrets.sops.nodes import Items, Node, Scalar
from fairlead.secrets.sops.typed import data_of, is_date, is_null, is_text

Address = tuple[str | int, ...]

_CONFLICT = re.compile(r"^(<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>)( |$)", re.M)
_COMMENT = re.compile(r"^[ ]*(?:- )?#(ENC\[AES256_GCM,[^\]\n]*,type:comment\])", re.M)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as it stands in the file, encrypted or not."""

    address: Address
    scalar: Scalar
    encrypted: bool  #: by the rule of the file

    @property
    def name(self) -> str:
        """`DATABASE_URL`; what is nested has dots: `db.password`, `hosts.0`."""
        return ".".join(map(str, self.address))

    @property
    def keys(self) -> tuple[str, ...]:
        """What its additional data is made of: places in a list do not count."""
        return tuple(part for part in self.address if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is on disk; nothing is decrypted. `file` is the path as messages show it."""

    file: str
    text: str = field(repr=False)
    root: nodes.Mapping = field(repr=False)
    metadata: Metadata = field(repr=False)
    leaves: dict[str, Leaf] = field(repr=False)  #: by name, in the order of the file

    def where(self, name: str) -> str:
        """`secrets/production.yaml:3`."""
        return f"{self.file}:{self.leaves[name].scalar.line}"


def parse(text: str, file: str) -> Document:
    """The document in `text`. FairleadError, saying where, when it is none."""
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        hint = (
            "take one side whole with `git checkout --ours` or `--theirs`, then set what is missing; "
            "`fairlead secrets init` has git merge such files by itself"
        )
        raise FairleadError(f"{file}:{line}: a conflict of a merge was left in the file", hint)
    root = nodes.nodes(text, file)
    about = metadata(root, file)
    leaves: dict[str, Leaf] = {}
    for leaf in _leaves(root, about, file):
        if leaf.name in leaves:
            raise FairleadError(f"{file}:{leaf.scalar.line}: {leaf.name} is there twice", "rename one, with sops")
        leaves[leaf.name] = leaf
    return Document(file, text, root, about, leaves)


def _leaves(root: nodes.Mapping, about: Metadata, file: str) -> Iterator[Leaf]:
    for key, (_, value) in root.items.items():
        if key != SECTION:
            yield from _below((key,), value, about, file)


def _below(address: Address, node: Node, about: Metadata, file: str) -> Iterator[Leaf]:
    if isinstance(node, Scalar):
        leaf = Leaf(address, node, about.encrypts([part for part in address if isinstance(part, str)]))
        if not leaf.encrypted and is_date(node):
            what = f"{file}:{node.line}: {leaf.name} is a date in the open, which versions of sops read differently"
            raise FairleadError(what, "put it in quotes, with sops")
        if not is_null(node):
            yield leaf
    elif isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield from _below((*address, number), item, about, file)
    else:
        for key, (_, value) in node.items.items():
            yield from _below((*address, key), value, about, file)


def mac(document: Document, values: Mapping[str, bytes]) -> str:
    """SHA-512 of the values in the order of the file, as hexadecimal digits; `values` has those that are encrypted."""
    about = document.metadata
    digest = hashlib.sha512(MAC_ONLY_ENCRYPTED if about.mac_only_encrypted else b"")
    for name, leaf in document.leaves.items():
        if leaf.encrypted:
            digest.update(values[name])
        elif not about.mac_only_encrypted:
            digest.update(data_of(leaf.scalar))
    return digest.hexdigest().upper()


def comments(document: Document) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The encrypted comments, each with the keys that it may stand below; its own are those that open it."""
    prefixes = {leaf.keys[:length] for leaf in document.leaves.values() for length in range(len(leaf.keys) + 1)}
    ordered = tuple(sorted(prefixes))
    return {found[1]: ordered for found in _COMMENT.finditer(document.text)}


Splice = tuple[int, int, str]


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """`text` with each (start, end) replaced, none overlapping another."""
    for start, end, instead in sorted(splices, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def replaced(document: Document, scalar: Scalar, sealed: str) -> Splice:
    """Another value in the place of one; it keeps its quotes, and an empty one needs them to be text."""
    tail = "\n" if scalar.block and document.text[: scalar.end].endswith("\n") else ""
    quoted = not scalar.plain and not scalar.block
    return scalar.start, scalar.end, (json.dumps(sealed) if quoted or not sealed else sealed) + tail


def inserted(document: Document, sealed: Mapping[str, str]) -> list[Splice]:
    """New names at the end, before the section `sops`."""
    at = document.root.items[SECTION][0]
    if document.root.flow:  # JSON, or YAML written like it
        line = document.text[document.text.rfind("\n", 0, at.start) + 1 : at.start]
        between = f",\n{line}" if not line.strip() else ", "
        pairs = (f"{json.dumps(name)}: {json.dumps(value)}{between}" for name, value in sealed.items())
        return [(at.start, at.start, "".join(pairs))] if sealed else []
    indent = " " * at.column
    start = at.start - at.column
    lines = (f"{indent}{key_text(name)}: {value or chr(34) * 2}\n" for name, value in sealed.items())
    return [(start, start, "".join(lines))]


def removed(document: Document, name: str) -> Splice:
    """The line of a name gone. FairleadError for one that is nested or does not stand on a line of its own."""
    leaf, text = document.leaves[name], document.text
    if len(leaf.address) > 1 or document.root.flow or leaf.scalar.block:
        what = f"{document.where(name)}: {name} does not stand on a line of its own"
        raise FairleadError(what, "take it out with sops")
    key = document.root.items[str(leaf.address[0])][0]
    end = text.find("\n", leaf.scalar.end)
    return key.start - key.column, len(text) if end < 0 else end + 1, ""


def key_text(name: str) -> str:
    """The name as a key: in quotes where YAML would take it for something else."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) and is_text(name) else json.dumps(name)
