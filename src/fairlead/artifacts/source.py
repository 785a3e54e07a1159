"""The files of a source tree: what a release is made of, and the digest that names it.

`.gitignore` files count as in git, those of parent folders up to the repository's root too; `.fairleadignore` at the
source's root has the same syntax and the last word, so that `!dist/` there brings a built folder in. `.git` is never
part of it. Only these files decide, not git's index or a person's own excludes: the same files give the same digest
on every machine, with or without git.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from fairlead.artifacts.ignore import IgnoreFile, is_ignored, read_ignore_file
from fairlead.errors import FairleadError, UsageError

FAIRLEADIGNORE = ".fairleadignore"

Kind = Literal["file", "executable", "link"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file. `path` is relative, with slashes; `content` the SHA-256 of its bytes, or a link's target."""

    path: str
    kind: Kind
    content: str


@dataclass(frozen=True)
class SourceTree:
    """The files below `root` that count, ordered by path."""

    root: Path
    files: tuple[SourceFile, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over path, kind and content of every file. Times and owners do not count."""
        return digest_files(self.files)

    def below(self, path: str) -> tuple[SourceFile, ...]:
        """The file at `path`, or all files in the folder `path` ("." for the whole); empty when there is nothing."""
        if path == ".":
            return self.files
        return tuple(file for file in self.files if file.path == path or file.path.startswith(path + "/"))


def digest_files(files: tuple[SourceFile, ...]) -> str:
    """SHA-256 over files, each as `kind NUL path NUL content NUL`: no field can hold a NUL."""
    total = hashlib.sha256(b"fairlead source 1\0")
    for file in files:
        total.update("\0".join((file.kind, file.path, file.content, "")).encode(errors="surrogateescape"))
    return total.hexdigest()


def scan(source: Path) -> SourceTree:
    """Read and hash the source tree at `source`.

    UsageError when it is no folder or nothing in it counts; FairleadError for what cannot be released: a link that
    leads outside, a socket, a pipe, a device, a file that cannot be read.
    """
    if not source.is_dir():
        raise UsageError(f"{source}: the source is not a folder", "check `source` in the project file")
    root = source.resolve()
    files = sorted((_checked(root, path) for path in walk(root)), key=lambda file: os.fsencode(file.path))
    if not files:
        raise UsageError(
            f"{source}: the source has no files that are not ignored",
            "check `source` in the project file, and .gitignore; `!name` in .fairleadignore brings files back",
        )
    return SourceTree(root, tuple(files))


def list_files(root: Path) -> tuple[SourceFile, ...]:
    """Every file below `root`, hashed and ordered, whatever ignore files say. Links may lead anywhere."""
    found = (read_file(Path(entry.path), entry.path[len(str(root)) + 1 :]) for entry in _all_entries(str(root)))
    return tuple(sorted(found, key=lambda file: os.fsencode(file.path)))


def names_below(root: Path) -> set[str]:
    """The path of every file below `root`; none of them is opened."""
    return {entry.path[len(str(root)) + 1 :] for entry in _all_entries(str(root))}


def _all_entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _all_entries(entry.path)
            else:
                yield entry


def walk(root: Path) -> Iterator[str]:
    """The path of every file below `root` that counts, whatever it is; none of them is opened."""
    top = repository(root)
    own = read_ignore_file(root / FAIRLEADIGNORE, _prefix(top, root))
    outer = tuple(file for folder in _between(top, root) if (file := _gitignore(top, folder)))
    pending = [(str(root), outer)]
    while pending:
        folder, above = pending.pop()
        here = _gitignore(top, Path(folder))
        rules = (here, *above) if here else above
        for entry in _counted(folder, top, (own, *rules) if own else rules):
            if entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, rules))
            else:
                yield entry.path


def _counted(folder: str, top: Path, rules: tuple[IgnoreFile, ...]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name != ".git"]
    except OSError as error:
        raise _unreadable(folder, error) from error
    cut = len(str(top).rstrip("/")) + 1
    return [entry for entry in found if not is_ignored(entry.path[cut:], entry.is_dir(follow_symlinks=False), rules)]


def repository(root: Path) -> Path:
    """The root of the git repository `root` lies in; `root` itself when it lies in none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _between(top: Path, root: Path) -> list[Path]:
    """The folders above `root` up to `top`, the nearest first."""
    return [folder for folder in root.parents if folder == top or top in folder.parents]


def _prefix(top: Path, folder: Path) -> str:
    return "" if folder == top else folder.relative_to(top).as_posix() + "/"


def _gitignore(top: Path, folder: Path) -> IgnoreFile | None:
    return read_ignore_file(folder / ".gitignore", _prefix(top, folder))


def _checked(root: Path, path: str) -> SourceFile:
    file = read_file(Path(path), path[len(str(root).rstrip("/")) + 1 :])
    if file.kind == "link" and _leads_outside(root, path, file.content):
        raise FairleadError(
            f"{path}: the link leads outside the source, to {file.content}",
            f"make it a relative link inside {root}, or leave it out in {FAIRLEADIGNORE}",
        )
    return file


def _leads_outside(root: Path, path: str, target: str) -> bool:
    """An absolute link leads outside even when it points back in: in the artifact it would point at the source."""
    if target.startswith("/"):
        return True
    plain = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120 - as written
    real = os.path.realpath(path)
    return any(place != str(root) and not place.startswith(f"{root}/") for place in (plain, real))


def read_file(path: Path, name: str) -> SourceFile:
    """The file at `path`, hashed, under that name. FairleadError for what is no file, or cannot be read."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return SourceFile(name, "link", os.readlink(path))  # noqa: PTH115 - the text as it stands
        if stat.S_ISREG(mode):
            with path.open("rb", buffering=0) as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            return SourceFile(name, "executable" if mode & stat.S_IXUSR else "file", content)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    kinds = {stat.S_IFSOCK: "a socket", stat.S_IFIFO: "a pipe"}
    what = kinds.get(stat.S_IFMT(mode), "a device")
    raise FairleadError(f"{path}: {what} cannot be part of a release", f"remove it, or name it in {FAIRLEADIGNORE}")


def _unreadable(path: str, error: OSError) -> FairleadError:
    return FairleadError(
        f"{path}: could not be read: {error.strerror}", f"correct its permissions, or name it in {FAIRLEADIGNORE}"
    )
