"""What an image is built from: the files of a context as a build gets them, and the hash of all that decides.

The archive is the one that was hashed: a file that changes in between is an error. Owners, times and umasks of the
machine that builds do not come in, so the same commit gives the same archive everywhere: owned by root, readable by
all, dated by the commit, as `git archive` does.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from fairlead.artifacts.source import SourceFile, digest_files, read_file
from fairlead.engine.dockerignore import context_paths
from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack_container import Build
from fairlead.system.files import explained

DOCKERFILE = "Dockerfile"
_PIECE = 1 << 20


class Buildable(Protocol):
    """What an image can be built from."""

    @property
    def dockerfile(self) -> str:
        """In the archive."""

    def digest(self, build: Build, args: dict[str, str], platform: str | None) -> str:
        """64 hex digits of all that decides what is built."""

    def write(self, file: IO[bytes], moment: float | None, say: Callable[[str], None]) -> None:
        """The archive (tar). `say` gets what is said by what has to be made first."""


@dataclass(frozen=True, slots=True)
class Context:
    """The files of a build."""

    root: Path
    files: tuple[SourceFile, ...]
    folders: tuple[str, ...]
    dockerfile: str  #: in the context

    def digest(self, build: Build, args: dict[str, str], platform: str | None) -> str:
        """64 hex digits of all that decides what is built, but for base images and values of secrets."""
        facts = {
            "version": 1, "files": digest_files(self.files), "folders": list(self.folders), "platform": platform,
            "dockerfile": self.dockerfile, "target": build.target, "args": args, "secrets": sorted(build.secrets),
        }  # fmt: skip
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def write(self, file: IO[bytes], moment: float | None, say: Callable[[str], None] | None = None) -> None:
        """The archive (tar). `moment`: seconds since 1970 that files are dated by; None: their own.

        FairleadError when a file is not as it was hashed.
        """
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for folder in self.folders:
                archive.addfile(_facts(self.root, folder, tarfile.DIRTYPE, moment))
            for one in self.files:
                add_file(archive, self.root, one, moment)
        file.seek(0)


def add_file(archive: tarfile.TarFile, root: Path, one: SourceFile, moment: float | None, below: str = "") -> None:
    """Add a file of the folder `root`, under its path below `below`; `moment` as in `Context.write`. FairleadError."""
    if one.kind == "link":
        facts = _facts(root, one.path, tarfile.SYMTYPE, moment, below)
        facts.linkname = one.content
        archive.addfile(facts)
        return
    path, facts = root / one.path, _facts(root, one.path, tarfile.REGTYPE, moment, below)
    facts.mode = 0o755 if one.kind == "executable" else 0o644
    try:
        with path.open("rb") as file:
            facts.size = os.fstat(file.fileno()).st_size
            reader = _Hashing(file)
            archive.addfile(facts, reader)
    except OSError as error:
        raise explained(error, path) from error
    if reader.digest() != one.content:
        raise FairleadError(f"{path}: the file changed while the image was being built", "run the command again")


class _Hashing:
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = _PIECE) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> str:
        return self._hash.hexdigest()


def _facts(root: Path, name: str, kind: bytes, moment: float | None, below: str = "") -> tarfile.TarInfo:
    facts = tarfile.TarInfo(f"{below}{name}")
    facts.type, facts.mode = kind, 0o755
    facts.mtime = int((root / name).lstat().st_mtime if moment is None else moment)
    return facts


def read_context(root: Path, build: Build) -> Context:
    """The context that `build` names, below the folder of the project file. UsageError when it is not there."""
    folder, dockerfile = (root / build.context).resolve(), build.dockerfile or DOCKERFILE
    if not folder.is_dir():
        raise UsageError(f"{folder}: the context is not a folder", "check `build.context` in the project file")
    if not (folder / dockerfile).is_file():
        what = f"{folder / dockerfile}: there is no such file to build from"
        raise UsageError(what, "check `build.dockerfile`, which is relative to the context, or write one")
    try:
        paths = context_paths(folder, dockerfile)
        folders = tuple(path for path in paths if stat.S_ISDIR((folder / path).lstat().st_mode))
        files = tuple(_files(folder, set(paths) - set(folders)))
    except OSError as error:
        raise explained(error, folder) from error
    return Context(folder, files, folders, dockerfile)


def _files(root: Path, paths: set[str]) -> Iterator[SourceFile]:
    """Sockets are left out, as Docker does."""
    for path in sorted(paths, key=os.fsencode):
        if not stat.S_ISSOCK((root / path).lstat().st_mode):
            yield read_file(root / path, path)
