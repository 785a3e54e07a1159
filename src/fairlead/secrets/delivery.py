"""Hands secrets over to the services of a release: SECRETS/RELEASE/SERVICE is the folder of one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.project.stack import Stack
from fairlead.secrets.consumers import consumers, file_names
from fairlead.secrets.fingerprint import fingerprint
from fairlead.secrets.folder import SecretFolder, make_private
from fairlead.secrets.templates import FILE, FOLDER
from fairlead.system.files import remove_tree


@dataclass(frozen=True, slots=True)
class Handful:
    """What is handed over: the content of every file, by name. It shows names only."""

    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)
    key: bytes = field(repr=False, default=b"")  #: of fingerprints
    templates: bytes = field(repr=False, default=b"")  #: what the files that are templates are made of

    def version(self, name: str) -> str:
        """The fingerprint of one of them."""
        return fingerprint(self.key, name, self.files[name])

    def versions(self) -> dict[str, str]:
        """Of all of them."""
        return {name: self.version(name) for name in sorted(self.files)}

    def of(self, names: Collection[str]) -> Handful:
        """These of them."""
        return Handful({name: self.files[name] for name in names}, self.key)

    def whole(self) -> str:
        """A version for all of them together."""
        text = " ".join(f"{name}={version}" for name, version in self.versions().items())
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_of(secrets: Path, release: str, item: str, stack: Stack) -> SecretFolder:
    """The folder of a service or job of a release. `stack`: that of the release, which says who reads it."""
    return SecretFolder(secrets / release / item, contained=stack.runtime != "process")


def deliver(secrets: Path, release: str, stack: Stack, handful: Handful) -> None:
    """Have every service and job of the release find its files, and nobody else's.

    FairleadError when they cannot be written: what was there before still counts.
    """
    for item in consumers(stack):
        make_private(secrets)
        make_private(secrets / release)
        mine = handful.of(file_names(item, stack))
        folder = folder_of(secrets, release, item.name, stack)
        folder.swap(mine.whole(), mine.files)
        folder.sweep()
    if handful.templates:
        keep_templates(secrets, release, handful)


def keep_templates(secrets: Path, release: str, handful: Handful) -> None:
    """Keep what the templates of a release are made of."""
    folder = SecretFolder(secrets / release / FOLDER)
    folder.swap(fingerprint(handful.key, FILE, handful.templates), {FILE: handful.templates})
    folder.sweep()


def templates_of(secrets: Path, release: str) -> bytes:
    """What the templates of a release are made of; empty when it has none with secrets."""
    return SecretFolder(secrets / release / FOLDER).files().get(FILE, b"")


def delivered(secrets: Path, release: str, stack: Stack) -> Iterator[tuple[str, SecretFolder]]:
    """The folders of a release, by the name of the service or job, that there are."""
    for item in consumers(stack):
        folder = folder_of(secrets, release, item.name, stack)
        if folder.version():
            yield item.name, folder


def keep_only(secrets: Path, releases: Collection[str]) -> None:
    """Remove the folders of all other releases."""
    for path in secrets.iterdir() if secrets.is_dir() else ():
        if path.is_dir() and not path.name.startswith(".") and path.name not in releases:
            remove_tree(path)
