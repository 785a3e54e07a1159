"""What a checkout is made of: every file by its content, so that one that is there already is not sent again.

Pure, and strict: a manifest comes from another machine. Nothing in it can name a place outside of the checkout.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from fairlead.hosts.wire import Malformed

MOST_FILES = 200_000
LARGEST_FILE = 2 << 30  #: bytes
LARGEST = 8 << 30  #: bytes of all files together
LONGEST_PATH = 4096
LONGEST_NAME = 255
MOST_LINKS = 40  #: followed on one way, as in Linux
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MODES = 0o777


@dataclass(frozen=True, slots=True)
class Item:
    """One file. `content` is the SHA-256 of its bytes, or a link's target."""

    path: str  #: relative to the checkout, with slashes
    kind: str  #: file, executable or link
    content: str
    size: int = 0
    mode: int = 0o644
    changed: int = 0  #: nanoseconds since 1970

    def to_data(self) -> list[object]:
        """As it is sent."""
        return [self.path, self.kind, self.content, self.size, self.mode, self.changed]


@dataclass(frozen=True)
class Manifest:
    """`root` is the folder of the project file; `tops` are those that count as the root of a repository of git."""

    root: str
    file: str  #: the project file, in it
    files: tuple[Item, ...]
    tops: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()  #: that are there even when they are empty
    returned: tuple[str, ...] = ()  #: files that may be changed on the host, and come back

    def to_data(self) -> dict[str, object]:
        """As it is sent."""
        files = [one.to_data() for one in self.files]
        return {
            "root": self.root,
            "file": self.file,
            "files": files,
            "tops": list(self.tops),
            "folders": list(self.folders),
            "returned": list(self.returned),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of all of it but for times."""
        data = self.to_data() | {"files": [one.to_data()[:-1] for one in self.files]}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode(errors="surrogatepass")).hexdigest()

    def of(self, path: str) -> Item | None:
        """The file at that path."""
        return next((one for one in self.files if one.path == path), None)


def from_data(data: Any) -> Manifest:
    """The inverse of `to_data`. Malformed for anything that is not as it has to be, or that leads outside."""
    if not isinstance(data, dict) or set(data) != {"root", "file", "files", "tops", "folders", "returned"}:
        raise Malformed("a manifest that is none")
    rows = data["files"]
    if not isinstance(rows, list) or len(rows) > MOST_FILES:
        raise Malformed(f"a manifest with more than {MOST_FILES} files")
    files = tuple(_item(row) for row in rows)
    if sum(one.size for one in files) > LARGEST:
        raise Malformed(f"files of more than {LARGEST >> 30} GiB together")
    keys = ("tops", "folders", "returned")
    tops, folders, returned = (tuple(_place(one) for one in _texts(data[key])) for key in keys)
    root, file = _place(data["root"]), inside(data["file"])
    if "/" in file:
        raise Malformed("a project file that is none")
    _apart(files, (root, *tops, *folders), returned)
    _kept_in(files)
    return Manifest(root, file, files, tops, folders, returned)


def _texts(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_FILES:
        raise Malformed("a list of folders that is none")
    return value


def _item(row: Any) -> Item:
    shape = (str, str, str, int, int, int)
    if not isinstance(row, list) or len(row) != len(shape):
        raise Malformed("a file in a manifest that is none")
    if any(type(value) is not kind for value, kind in zip(row, shape, strict=True)):
        raise Malformed("a file in a manifest that is none")
    path, kind, content, size, mode, changed = row
    item = Item(inside(path), kind, content, size, mode & _MODES, changed)
    if kind == "link":
        return _link(item)
    if kind not in ("file", "executable") or not _DIGEST.fullmatch(content):
        raise Malformed(f"{path!r} is neither a file nor a link: {kind!r}")
    if not 0 <= size <= LARGEST_FILE or not 0 <= changed < 1 << 63:
        raise Malformed(f"{path!r} is larger than {LARGEST_FILE >> 30} GiB, or from no time")
    return item


def _link(item: Item) -> Item:
    target = item.content
    there = posixpath.normpath(posixpath.join(posixpath.dirname(item.path), target))
    named = target and len(target) <= LONGEST_PATH and _can_be_named(target)
    if not named or target.startswith("/") or there.startswith(".."):
        raise Malformed(f"{item.path!r} is a link that leads outside")
    if item.size:
        raise Malformed(f"{item.path!r} is a link with a size")
    return item


def _can_be_named(text: str) -> bool:
    """Whether a file system has such names: not every text of JSON is bytes."""
    try:
        return b"\0" not in text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False


def _place(value: Any) -> str:
    """A folder or file, or the checkout itself."""
    return "." if value == "." else inside(value)


def inside(path: Any) -> str:
    """The path itself when it is relative, plain, and leads nowhere outside. Malformed."""
    if not isinstance(path, str) or not path or len(path) > LONGEST_PATH or not _can_be_named(path):
        raise Malformed("a path that is none")
    parts = path.split("/")
    if any(part in ("", ".", "..", ".git") or len(part.encode(errors="replace")) > LONGEST_NAME for part in parts):
        raise Malformed(f"{path!r} is no path inside of a checkout")
    return path


def _apart(files: tuple[Item, ...], folders: tuple[str, ...], returned: tuple[str, ...]) -> None:
    """No two files have one path, and nothing lies below a file, which may be a link, or is one as a folder."""
    seen = {one.path for one in files}
    if len(seen) != len(files):
        raise Malformed("a manifest that names a file twice")
    if both := seen.intersection(folders):
        raise Malformed(f"{min(both)!r} is a file and a folder")
    for path in (*seen, *folders, *returned):
        if any(str(parent) in seen for parent in PurePosixPath(path).parents):
            raise Malformed(f"{path!r} lies below a file or a link")


def _kept_in(files: tuple[Item, ...]) -> None:
    """No link leads outside by way of others: `a` to `b/..` is harmless only as long as `b` is no link upwards."""
    links = {one.path: one.content for one in files if one.kind == "link"}
    for path in links:
        _follow(path, links)


def _follow(path: str, links: dict[str, str]) -> None:
    """As the kernel does it. Malformed when that leads outside."""
    here: list[str] = []
    rest, followed = path.split("/")[::-1], 0
    while rest:
        part = rest.pop()
        if part == "..":
            if not here:
                raise Malformed(f"{path!r} is a link that leads outside")
            here.pop()
        elif part not in ("", "."):
            here.append(part)
        target = links.get("/".join(here)) if part not in ("", ".", "..") else None
        if target is not None:
            followed += 1
            if followed > MOST_LINKS:
                return  # it leads nowhere, which nobody can follow either
            here.pop()
            rest += target.split("/")[::-1]
