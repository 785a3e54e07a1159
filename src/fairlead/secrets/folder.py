"""One folder of secret files, whose content changes as a whole: the way kubelet swaps a mounted secret.

FOLDER/..VERSION/NAME   the files of a version, mode 600 in folders of mode 700
FOLDER/current          a symbolic link to the version that counts; readers open FOLDER/current/NAME

A reader never sees a part of one version and a part of the next, and a full disk leaves the old one in place.
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

    def __init__(self, path: Path) -> None:
        self.path = path

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
            return False
        folder = self.path / f"{_PREFIX}{version}"
        try:
            make_private(self.path)
            self._write(folder, files)
            self._point(folder)
        except (OSError, FairleadError) as error:
            if self.version() != version:
                remove_tree(folder)
            raise explained(error, folder) if isinstance(error, OSError) else error from None
        return True

    def sweep(self) -> None:
        """Remove every version but the one that counts, and what a killed writer left."""
        kept = {CURRENT, f"{_PREFIX}{self.version()}"}
        for path in self.path.iterdir() if self.path.is_dir() else ():
            if path.name not in kept:
                remove_tree(path)

    def _write(self, folder: Path, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            make_private((folder / name).parent, self.path)
            write_file(folder / name, content, 0o600)
        make_private(folder)
        sync_folder(self.path)

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
