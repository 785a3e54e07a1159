"""One folder of secret files, whose content changes as a whole: the way kubelet swaps a mounted secret.

FOLDER/..VERSION/NAME   the files of a version, mode 600 in folders of mode 700
FOLDER/current          a symbolic link to the version that counts; readers open FOLDER/current/NAME

A reader never sees a part of one version and a part of the next, and a full disk leaves the old one in place.

Of a container only FOLDER is seen, by whatever user it runs as, so there all of FOLDER may be read by everybody, and
FOLDER/NAME is a link to current/NAME. Who else is on the machine does not get so far: the folders above are private.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import explained, remove_tree, sync_folder, write_file

CURRENT = "current"
_PREFIX = ".."


class SecretFolder:
    """The folder of one service of one release."""

    def __init__(self, path: Path, contained: bool = False) -> None:
        self.path = path
        self.contained = contained  #: it is read in a container

    @property
    def current(self) -> Path:
        """Where the files are read."""
        return self.path / CURRENT

    def version(self) -> str | None:
        """The version that counts; None before the first."""
        try:
            return str(self.current.readlink()).removeprefix(_PREFIX)
        except OSError:
            return None

    def files(self) -> dict[str, bytes]:
        """What is read now, by name; names may have a slash in them."""
        root = self.current
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}

    def swap(self, version: str, files: Mapping[str, bytes]) -> bool:
        """Have these files in place of those before, all at once; whether that is a change.

        What was there stays beside it until `sweep`, for a reader that has just looked up where the files are.
        FairleadError when they cannot be written: then what was there still counts.
        """
        if self.version() == version and self.files() == dict(files):
            self._open()
            return False
        folder = self.path / f"{_PREFIX}{version}"
        try:
            make_private(self.path)
            self._write(folder, files)
            self._open(folder)
            self._point(folder)
            self._open()
        except (OSError, FairleadError) as error:
            if self.version() != version:
                remove_tree(folder)
            raise explained(error, folder) if isinstance(error, OSError) else error from None
        return True

    def sweep(self) -> None:
        """Remove every version but the one that counts, and what a killed writer left."""
        kept = {CURRENT, f"{_PREFIX}{self.version()}"} | self._links()
        for path in self.path.iterdir() if self.path.is_dir() else ():
            if path.name not in kept:
                remove_tree(path)

    def _write(self, folder: Path, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            make_private((folder / name).parent, self.path)
            write_file(folder / name, content, 0o600)
        make_private(folder)
        sync_folder(self.path)

    def _open(self, version: Path | None = None) -> None:
        """Have what a container sees readable there: a version that does not count yet, or all, with links to it."""
        if not self.contained:
            return
        for path in (version, *version.rglob("*")) if version else (self.path,):
            path.chmod(0o755 if path.is_dir() else 0o444)
        for name in () if version else self._links():
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to(f"{CURRENT}/{name}")

    def _links(self) -> set[str]:
        """The names beside `current` that lead to what is in it."""
        return {path.name for path in self.current.iterdir()} if self.contained and self.version() else set()

    def _point(self, folder: Path) -> None:
        """rename(2) puts the new link in place of the old one: there is no moment without."""
        temp = self.path / f".{CURRENT}.tmp"
        temp.unlink(missing_ok=True)
        temp.symlink_to(folder.name)
        temp.replace(self.current)
        sync_folder(self.path)


def make_private(folder: Path, below: Path | None = None) -> None:
    """Have a folder that only this user can look into, and its parents below `below`."""
    if below is not None and folder != below:
        make_private(folder.parent, below)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
