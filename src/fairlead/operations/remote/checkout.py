"""Checkouts on the host: PLACE/remote/checkouts/DIGEST, made of what is there already and of what is sent.

A file of encrypted secrets may be changed on the host, where what is missing is made and secrets are rotated: such a
file comes back to whoever sent the version before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fairlead.hosts.wire import Malformed
from fairlead.operations.remote.archive import READ, dress, unpack, write_item
from fairlead.operations.remote.manifest import Item, Manifest, from_data
from fairlead.system.files import listed, read_json, remove_tree, write_file, write_json
from fairlead.system.home import Place

KEPT = 4  #: checkouts, the newest
LARGEST_RETURNED = 1 << 20  #: bytes
MANIFEST = "manifest.json"


@dataclass
class Checkout:
    """One of them. `wanted` are the files it lacks."""

    folder: Path
    manifest: Manifest
    wanted: dict[str, Item] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        """The folder that holds the files."""
        return self.folder / "tree"

    @property
    def root(self) -> Path:
        """The folder of the project file."""
        return self.tree / self.manifest.root

    @property
    def file(self) -> Path:
        """The project file."""
        return self.root / self.manifest.file

    def receive(self, chunks: Iterator[bytes]) -> None:
        """Take what is wanted out of an archive. Malformed."""
        unpack(chunks, self.wanted, self.tree)
        self.wanted = {}

    def finish(self, changed: dict[str, bytes]) -> None:
        """Links, marks, and what is newer here than what was sent."""
        for item in (one for one in self.manifest.files if one.kind == "link"):
            path = self.tree / item.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_symlink() or os.readlink(path) != item.content:  # noqa: PTH115 — the text as it stands
                remove_tree(path)
                path.symlink_to(item.content)
        for top in self.manifest.tops:
            (self.tree / top / ".git").mkdir(parents=True, exist_ok=True)
        for folder in self.manifest.folders:
            (self.tree / folder).mkdir(parents=True, exist_ok=True)
        for name, content in changed.items():
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            write_file(self.tree / name, content, 0o600)
        self.root.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / MANIFEST, self.manifest.to_data(), 0o600)

    def changed(self) -> dict[str, bytes]:
        """What comes back: files that are not what was sent."""
        found = {path: _content(self.tree / path) for path in self.manifest.returned}
        return {path: content for path, content in found.items() if content and not _is(self.manifest, path, content)}


class Checkouts:
    """All of an environment. The caller sees to it that one at a time makes one."""

    def __init__(self, place: Place) -> None:
        self._folder = place.remote / "checkouts"

    def begin(self, manifest: Manifest) -> Checkout:
        """Make one of what is here; what it lacks is in its `wanted`. OSError."""
        found = Checkout(self._folder / manifest.digest[:16], manifest)
        found.tree.mkdir(mode=0o700, parents=True, exist_ok=True)
        found.folder.chmod(0o700)
        os.utime(found.folder)
        _clear(found)
        have = self._contents()
        for item in manifest.files:
            if item.kind != "link" and not self._there(item, found, have):
                found.wanted[item.path] = item
        return found

    def newer(self, manifest: Manifest) -> dict[str, bytes]:
        """Files that were changed here after exactly the version that is sent now was sent before."""
        found: dict[str, bytes] = {}
        for other in self.all():
            for path, content in other.changed().items():
                if path in manifest.returned and path not in found and _same(manifest, other.manifest, path):
                    found[path] = content
        return found

    def all(self) -> list[Checkout]:
        """Those that are whole, the newest first."""
        found = []
        for folder in sorted(listed(self._folder), key=_made, reverse=True):
            with suppress(Malformed):
                data = read_json(folder / MANIFEST)
                found += [Checkout(folder, from_data(data))] if data else []
        return found

    def prune(self, used: Collection[str]) -> None:
        """Remove what nobody needs, and what somebody began to send and never ended.

        `used`: names of folders that somebody works in.
        """
        there = self.all()
        whole = {one.folder.name for one in there}
        for folder in listed(self._folder):
            if folder.name not in whole and folder.name not in used:
                remove_tree(folder)
        newest = {path: content for one in reversed(there) for path, content in one.changed().items()}
        for one in there[KEPT:]:
            last_word = any(newest.get(path) == content for path, content in one.changed().items())
            if one.folder.name not in used and not last_word:
                remove_tree(one.folder)

    def _contents(self) -> dict[str, Path]:
        """Where a file of each content lies, as far as the manifests say."""
        return {item.content: one.tree / item.path for one in reversed(self.all())
                for item in one.manifest.files if item.kind != "link"}  # fmt: skip

    def _there(self, item: Item, checkout: Checkout, have: dict[str, Path]) -> bool:
        path = checkout.tree / item.path
        if item.path in checkout.manifest.returned and _content(path):
            return True  # `newer` has told of it
        if not path.is_symlink() and path.is_file() and _hash(path) == item.content:
            dress(path, item)
            return True
        remove_tree(path)
        source = have.get(item.content)
        if source is None or source.is_symlink() or not source.is_file():
            return False
        try:
            with source.open("rb") as file:
                write_item(item, iter(lambda: file.read(READ), b""), checkout.tree)
        except (Malformed, OSError):
            return False
        return True


def _clear(checkout: Checkout) -> None:
    """Remove what is no part of it; but what may have been changed here stays until it is known to be newer or not."""
    manifest = checkout.manifest
    kept = {one.path for one in manifest.files} | set(manifest.returned)
    folders = {str(parent) for path in (*kept, f"{manifest.root}/x") for parent in PurePosixPath(path).parents}
    folders |= {str(PurePosixPath(top, ".git")) for top in manifest.tops}
    folders |= {
        str(parent)
        for top in (*manifest.tops, *manifest.folders)
        for parent in (PurePosixPath(top), *PurePosixPath(top).parents)
    }
    for folder, below, names in os.walk(checkout.tree, topdown=False):
        here = PurePosixPath(os.path.relpath(folder, checkout.tree))
        for name in (*names, *below):
            full = Path(folder, name)
            known = folders if full.is_dir() and not full.is_symlink() else kept
            if str(here / name) not in known:
                remove_tree(full)


def _hash(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path) -> bytes:
    """Of a file that may come back; nothing when it is not there, or no plain file of a fitting size."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_RETURNED:
        return b""
    return path.read_bytes()


def _is(manifest: Manifest, path: str, content: bytes) -> bool:
    item = manifest.of(path)
    return item is not None and hashlib.sha256(content).hexdigest() == item.content


def _same(one: Manifest, other: Manifest, path: str) -> bool:
    mine, theirs = one.of(path), other.of(path)
    return (mine.content if mine else None) == (theirs.content if theirs else None)


def _made(folder: Path) -> int:
    """When, to sort by; one that goes meanwhile is the oldest."""
    with suppress(FileNotFoundError):
        return folder.stat().st_mtime_ns
    return 0
