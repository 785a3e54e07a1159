"""A folder, readable by this user alone: another disk, or a file system of another machine."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from fairlead.backups.destinations.base import Denied, Gone, Item, Unreachable, Write
from fairlead.system.files import sync_folder


def _told(error: OSError) -> None:
    """A folder that cannot be read is no empty one: whoever believed that would say that there is no backup."""
    if not isinstance(error, FileNotFoundError):
        raise error


FULL = "make room there: fairlead backup prune ENV --plan shows what could go; or keep fewer"
PIECE = 1 << 20  #: bytes read at once


class Directory:
    """Objects are files below `root`. It may go at any time: what is mounted can be taken away."""

    again = 0.0

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shown = str(root)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        """Under another name until it is whole and on the disk."""
        path = self.root / name
        temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with self._spoken("written to"):
                self._have(path.parent)
                with open(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    yield file.write  # type: ignore[misc]
                    file.flush()
                    os.fsync(file.fileno())
                temp.replace(path)
                sync_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):
                temp.unlink()

    def _have(self, folder: Path) -> None:
        """Every folder from the root on is this user's alone."""
        if not folder.is_dir():
            if folder != self.root:
                self._have(folder.parent)
            folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[Iterator[bytes]]:
        """The file."""
        try:
            file = open(self.root / name, "rb")  # noqa: SIM115 — closed below
        except FileNotFoundError:
            raise Gone(f"{self.shown} has no {name}", "see what there is: fairlead backup list") from None
        except OSError as error:
            raise self._why("read", error) from error
        with file, self._spoken("read"):
            yield iter(lambda: file.read(PIECE), b"")

    def items(self, prefix: str) -> tuple[Item, ...]:
        """Files that are whole. One that goes while they are listed is left out."""
        with self._spoken("read"):
            return tuple(sorted(self._found(self.root / prefix), key=lambda one: one.name))

    def _found(self, folder: Path) -> Iterator[Item]:
        for at, _, files in os.walk(folder, onerror=_told):
            for name in files:
                path = Path(at, name)
                with contextlib.suppress(FileNotFoundError):
                    if not name.endswith(".tmp"):
                        yield Item(str(path.relative_to(self.root)), path.stat().st_size)

    def delete(self, name: str) -> None:
        """And the folder, when nothing else is in it."""
        path = self.root / name
        with self._spoken("written to"):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    @contextlib.contextmanager
    def _spoken(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._why(done, error) from error

    def _why(self, done: str, error: OSError) -> Unreachable:
        hint = FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else "see whether it is mounted"
        kind = Denied if error.errno in (errno.EACCES, errno.EPERM) else Unreachable
        return kind(f"{self.shown} cannot be {done}: {error.strerror or error}", hint)
