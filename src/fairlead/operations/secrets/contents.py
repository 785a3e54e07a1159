"""What there is to scan: files as they lie here, as git has them staged, or all that git can reach. One at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError, UsageError
from fairlead.system.commands import Command, run
from fairlead.system.conversation import Conversation

LARGEST = 8 << 20  #: bytes of a file or git object; what is larger is named, not scanned
_ASIDE = frozenset(
    {".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__"}
)  #: where git does not say what counts
_MODE_LINK, _MODE_MODULE = "120000", "160000"
_WRITTEN = frozenset({"blob", "commit", "tag"})  #: kinds of git objects with text that people wrote


@dataclass(frozen=True, slots=True)
class Content:
    """Something to scan. `data` is None when it is too large; `blob` is the git object, where it is not a file here."""

    path: str  #: from the root, with slashes
    data: bytes | None
    blob: str = ""


def root_of(path: Path) -> tuple[Path, bool]:
    """The top of the git repository that `path` lies in, and True; else the folder itself and False."""
    folder = path if path.is_dir() else path.parent
    found = run(Command(("git", "-C", str(folder), "rev-parse", "--show-toplevel")))
    return (Path(found.output.strip()), True) if found else (folder, False)


def here(path: Path) -> Iterator[Content]:
    """Files below `path` that git tracks, or would when added; without git all of them."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    root, is_git = root_of(path)
    names = [str(path)] if path.is_file() else list(_listed(path) if is_git else _walked(path))
    for name in names:
        file = path if path.is_file() else path / name
        if file.is_file() and not file.is_symlink():
            yield Content(_shown(_from(root, file)), _bytes(file))


def _listed(folder: Path) -> Iterator[str]:
    argv = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    yield from sorted(set(_said(argv, folder, "the files of the repository")) - {""})


def _said(argv: tuple[str, ...], folder: Path, what: str) -> list[str]:
    """What git says, in fields; names of files may be any bytes. FairleadError when it fails."""
    with Conversation(argv, folder) as git:
        fields = os.fsdecode(git.rest()).split("\0")
        if git.ended():
            raise FairleadError(f"{folder}: git does not say {what}", "see `git status`")
    return fields


def _shown(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def _walked(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _ASIDE)
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in sorted(files))  # noqa: PTH118


def _from(root: Path, file: Path) -> str:
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file.as_posix()


def _bytes(file: Path) -> bytes | None:
    try:
        return None if file.stat().st_size > LARGEST else file.read_bytes()
    except OSError as error:
        raise FairleadError(f"{file}: could not be read: {error.strerror}") from error


def staged(path: Path) -> Iterator[Content]:
    """What the next commit would bring: the staged content of files that differ from the last commit."""
    root = _repository(path)
    how = ("--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AMT")
    fields = _said(("git", "diff", "--cached", *how), root, "what is staged")
    with Objects(root) as objects:
        for facts, name in zip(fields[::2], fields[1::2], strict=False):
            _, mode, _, blob, _ = facts.split(" ")
            if mode not in (_MODE_LINK, _MODE_MODULE):
                yield Content(_shown(name), objects.read(blob), blob)


def history(path: Path) -> Iterator[Content]:
    """Every object that any reference can reach, once: contents of files, messages of commits and tags."""
    root = _repository(path)
    argv = ("git", "rev-list", "--objects", "--all")
    with Conversation(argv, root) as found, Objects(root) as objects:
        for line in found.lines():
            id, _, name = line.partition(" ")
            kind = objects.kind(id)
            if kind in _WRITTEN:
                yield Content(name if kind == "blob" else f"({kind})", objects.read(id), id)
        if found.ended():
            raise FairleadError(f"{root}: git cannot list its objects", "see `git fsck`")


def _repository(path: Path) -> Path:
    root, is_git = root_of(path)
    if not is_git:
        raise UsageError(f"{path}: this is no git repository", "without --staged and --history, files are scanned")
    return root


class Objects:
    """Reads objects of a repository by their ids, one at a time (git-cat-file(1))."""

    def __init__(self, root: Path) -> None:
        with ExitStack() as stack:
            what = ("git", "cat-file")
            self._facts = stack.enter_context(Conversation((*what, "--batch-check"), root))
            self._contents = stack.enter_context(Conversation((*what, "--batch"), root))
            self._stack = stack.pop_all()

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def kind(self, id: str) -> str:
        """Such as blob, tree, commit, tag."""
        return self._look(id)[0]

    def read(self, id: str) -> bytes | None:
        """Its content; None when it is too large."""
        if self._look(id)[1] > LARGEST:
            return None
        self._contents.ask(id)
        size = int(self._contents.line().split(" ")[2])
        return self._contents.read(size + 1)[:-1]  # a line end follows

    def _look(self, id: str) -> tuple[str, int]:
        self._facts.ask(id)
        _, kind, *size = self._facts.line().split(" ")
        if not size:
            raise FairleadError(f"git does not have the object {id}", "fetch all of the history, or see `git fsck`")
        return kind, int(size[0])
