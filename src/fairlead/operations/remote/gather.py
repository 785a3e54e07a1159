"""What a command needs of a project's folder, when it is to run on another machine.

That is the project file, the `.env.ENVIRONMENT` files, templates, migrations, the encrypted file of secrets, and the
sources and build contexts as far as the stack names them. Of a source exactly those files go that its content hash is
made of; the ignore files go too, and the folders that are roots of repositories are marked, so that the host counts the
same files and comes to the same hash.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fairlead.artifacts.source import FAIRLEADIGNORE, SourceFile, list_files, read_file, repository, scan
from fairlead.errors import FairleadError, UsageError
from fairlead.operations.remote.manifest import Item, Manifest
from fairlead.project.loader import DOTENV
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.project.stack_container import Build
from fairlead.render.short_forms import is_relative
from fairlead.secrets.age_file import file_of

GITIGNORE, DOCKERIGNORE = ".gitignore", ".dockerignore"


@dataclass
class _Gathering:
    base: Path
    items: dict[str, Item] = field(default_factory=dict)
    tops: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def add(self, folder: Path, files: Iterable[SourceFile]) -> None:
        for file in files:
            self.take(folder / file.path, file)

    def take(self, path: Path, file: SourceFile) -> None:
        name = self.name(path)
        if name in self.items:
            return
        try:
            facts = path.lstat()
        except OSError as error:
            raise _gone(name) from error
        size = 0 if file.kind == "link" else facts.st_size
        self.items[name] = Item(name, file.kind, file.content, size, facts.st_mode & 0o777, facts.st_mtime_ns)

    def name(self, path: Path) -> str:
        """Its path in a checkout. UsageError when it is outside."""
        if path != self.base and self.base not in path.parents:
            raise UsageError(f"{path} lies outside of {self.base}", "keep what is deployed in the project's folder")
        return path.relative_to(self.base).as_posix()

    def source(self, folder: Path) -> None:
        if folder.resolve() != folder:
            raise UsageError(f"{folder}: a source that is a link cannot be sent", "name the folder itself in `source`")
        self.add(folder, scan(folder).files)
        self.one(folder / FAIRLEADIGNORE)
        self.tops.add(self.name(repository(folder)))

    def context(self, root: Path, build: Build) -> None:
        """What an image is built from, as `.dockerignore` has it."""
        from fairlead.artifacts.context import read_context  # noqa: PLC0415 — brings Docker's rules

        found = read_context(root, build)
        paths = (*found.folders, *(one.path for one in found.files))
        if any(part == ".git" for path in paths for part in path.split("/")):
            raise UsageError(f"{build.context}: a .git in a context is not sent", "add `**/.git` to its .dockerignore")
        self.add(found.root, found.files)
        self.folders |= {self.name(found.root), *(self.name(found.root / folder) for folder in found.folders)}
        for name in (found.dockerfile, f"{found.dockerfile}{DOCKERIGNORE}", DOCKERIGNORE):
            self.one(found.root / name)

    def one(self, path: Path) -> None:
        """A single file, when it is there; of a link what it leads to."""
        if not path.is_file():
            return
        found, facts, name = read_file(path.resolve(), path.name), path.stat(), self.name(path)
        mode = facts.st_mode & 0o777
        self.items[name] = Item(name, found.kind, found.content, facts.st_size, mode, facts.st_mtime_ns)

    def ignore_files(self) -> None:
        """Those of every folder that has something in it, and of the folders above."""
        folders = {parent for name in self.items for parent in PurePosixPath(name).parents}
        for folder in sorted(folders):
            path = self.base / folder / GITIGNORE
            if path.is_file() and self.name(path) not in self.items:
                self.one(path)


def gather(project: Project, environments: Iterable[str]) -> tuple[Path, Manifest]:
    """The folder that everything is below, and what goes to the host for these environments.

    UsageError for what lies outside of the project's repository; FairleadError for what cannot be read.
    """
    root = project.root.resolve()
    found = _Gathering(repository(root))
    found.one(root / Path(project.file).name)
    returned = []
    for environment in environments:
        stack = project.outline(environment)
        _require_lasting(stack)
        found.one(root / f"{DOTENV}{environment}")
        if stack.secret_backend.kind == "age" and stack.secrets:
            kept = file_of(root, environment)
            found.one(kept)
            returned.append(found.name(kept))
        if stack.runtime == "process":
            for folder in _sources(stack):
                found.source(Path(os.path.normpath(root / folder)))
        else:
            for build in _builds(stack):
                if build.static is None:
                    found.context(root, build)
                else:
                    found.source(Path(os.path.normpath(root / build.context)))
        for file in _files(stack):
            found.one(root / file)
        for folder in _folders(stack):
            if (root / folder).is_dir():
                found.add(root / folder, (one for one in list_files(root / folder) if one.kind != "link"))
    found.ignore_files()
    files = tuple(found.items[name] for name in sorted(found.items))
    tops, folders = tuple(sorted(found.tops)), tuple(sorted(found.folders - {"."}))
    return found.base, Manifest(found.name(root), Path(project.file).name, files, tops, folders, tuple(returned))


def _require_lasting(stack: Stack) -> None:
    """UsageError for what a container would keep in a checkout: the next one is another folder, and old ones go."""
    kept = [(one.name, text) for one in stack.services for text in one.container.volumes]
    kept += [(one.name, text) for one in stack.stores for text in one.container.volumes]
    relative = [f"{name}: {text}" for name, text in kept if is_relative(text)]
    if relative and stack.runtime != "process":
        what = f"{relative[0]}: a folder beside the project file is not there on a host, and would not last"
        raise UsageError(what, "name a volume, or a folder of the host from / on; have what never changes in the image")


def _builds(stack: Stack) -> list[Build]:
    builds = [*(one.container.build for one in stack.services), *(one.container.build for one in stack.stores)]
    return [one for one in builds if one is not None]


def _sources(stack: Stack) -> list[str]:
    sources = {one.source for one in stack.services} | {one.source for one in stack.jobs}
    return sorted(one for one in sources if one is not None)


def _files(stack: Stack) -> Iterator[str]:
    yield from (one.source for one in stack.templates)
    given = (file for one in stack.edge.certificates for file in (one.cert, one.key) if file)
    yield from (file for file in given if not file.startswith("/"))


def private_keys(project: Project, environment: str) -> tuple[str, ...]:
    """The files with private keys that go to the host because the project file names them there."""
    given = (one.key for one in project.outline(environment).edge.certificates)
    return tuple(key for key in given if key and not key.startswith("/"))


def _folders(stack: Stack) -> Iterator[str]:
    for store in stack.stores:
        for one in store.migrations:
            yield from (folder for folder in (one.folder, one.contract) if folder)


def _gone(name: str) -> FairleadError:
    return FairleadError(f"{name}: the file went away while it was looked at", "run the command again")
