"""A folder of rendered files: what Fairlead wrote there, what somebody else did, and what would change."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import read_json

MANIFEST = ".fairlead-rendered.json"
"""Says what was written, by SHA-256; lies among the files, so that it changes together with them."""
EDITED, STRANGE, LINK = "edited by hand", "not written by Fairlead", "a symbolic link or a folder"


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from what should be. True when anything does."""

    written: tuple[str, ...] = ()  #: new, or other than they are
    removed: tuple[str, ...] = ()  #: no longer made
    foreign: dict[str, str] = field(default_factory=dict)  #: of these, those that are not as Fairlead wrote them, why

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The folder as it is. Its files are read when they are asked for."""

    folder: Path
    known: Mapping[str, str]  #: what was written last, and its SHA-256

    @classmethod
    def read(cls, folder: Path) -> Rendered:
        """The folder, also one that is not there. A manifest that is damaged knows nothing."""
        try:
            data = read_json(folder / MANIFEST) or {}
            known = {str(path): str(digest) for path, digest in data["files"].items() if _inside(str(path))}
        except (FairleadError, OSError, KeyError, AttributeError, TypeError, ValueError):
            known = {}
        return cls(folder, known)

    def content(self, path: str) -> bytes | None:
        """The file there; None when there is nothing, or no plain file."""
        found = self.folder / path
        return found.read_bytes() if self.plain(path) and found.is_file() else None

    def plain(self, path: str) -> bool:
        """Whether no link is on the way to it, and it is no folder."""
        at = self.folder
        for part in path.split("/"):
            at = at / part
            if at.is_symlink():
                return False
        return not at.is_dir()

    def there(self, path: str) -> bool:
        """Whether anything has that name."""
        return os.path.lexists(self.folder / path)

    def stranger(self, path: str) -> str:
        """Why what is there is not as Fairlead wrote it; empty when it is, or there is nothing."""
        if not self.plain(path):
            return LINK
        content = self.content(path)
        if content is None:
            return STRANGE if self.there(path) else ""
        if path not in self.known:
            return STRANGE
        return "" if _digest(content) == self.known[path] else EDITED

    def rebuild(self, new: Path, files: Mapping[str, bytes], changes: Changes) -> None:
        """Fill the folder that takes its place: what changes is written, everything else is the same file."""
        gone = {*changes.written, *changes.removed}
        for path in self._kept(gone):
            _link(self.folder / path, new / path)
        for path in changes.written:
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
            target.chmod(0o644)

    def _kept(self, gone: set[str]) -> Iterator[str]:
        above = {"/".join(path.split("/")[:n]) for path in gone for n in range(1, path.count("/") + 1)}
        for folder, folders, names in os.walk(self.folder):
            here = Path(folder).relative_to(self.folder)
            links = [name for name in folders if Path(folder, name).is_symlink()]
            folders[:] = [name for name in folders if name not in links and (here / name).as_posix() not in gone]
            for name in (*names, *links, *(() if names or folders or links else (".",))):
                path = (here / name).as_posix()
                if path not in gone and path not in above:
                    yield path


def _link(source: Path, target: Path) -> None:
    """The same file, link or empty folder under another name."""
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def compare(before: Rendered, files: Mapping[str, bytes]) -> Changes:
    """What has to change for the folder to hold `files`."""
    written = [path for path in sorted(files) if before.content(path) != files[path]]
    removed = [path for path in sorted(before.known) if path not in files and before.there(path)]
    touched = (path for path in (*written, *removed) if path != MANIFEST)
    foreign = {path: why for path in touched if (why := before.stranger(path))}
    return Changes(tuple(written), tuple(removed), foreign)


def manifest_file(files: Mapping[str, bytes]) -> bytes:
    """The content of the manifest."""
    data = {"version": 1, "files": {path: _digest(content) for path, content in files.items()}}
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def differences(before: Rendered, files: Mapping[str, bytes], changes: Changes) -> str:
    """A unified diff of everything that would change, but for the manifest."""
    parts = []
    for path in sorted({*changes.written, *changes.removed} - {MANIFEST}):
        parts.append(_difference(path, before.content(path), files.get(path)))
    return "".join(parts)


def _difference(path: str, old: bytes | None, new: bytes | None) -> str:
    try:
        before, after = ((content or b"").decode().splitlines(keepends=True) for content in (old, new))
    except UnicodeDecodeError:
        return f"{path}: not text, and differs\n"
    was, is_now = "/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}"
    lines = difflib.unified_diff(before, after, was, is_now)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
