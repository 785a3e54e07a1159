"""Files that are whole or absent: temp file in the same folder, fsync, rename, fsync of the folder.

The order follows pgBackRest's durable write and POSIX rename(2): after a crash at any point a reader finds the
old content or the new, never a part. Temp names start with a dot and end in `.tmp`, so that watchers of a folder
(Traefik reads `*.yml`, supervisord `*.conf`) never take one for a finished file. They name the process that writes:
what a killed one left is found by that.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError

_TEMPORARY = re.compile(r"\..+\.([1-9][0-9]{0,9})-[0-9a-f]{8}\.tmp")

HINTS = {
    errno.ENOSPC: "free some space, then run the command again",
    errno.EDQUOT: "free some of this user's quota, then run the command again",
    errno.EROFS: "have it mounted for writing, or work in another place",
    errno.EACCES: "run the command as a user who may write there",
    errno.EPERM: "run the command as a user who may write there",
}
"""What to do about a file that cannot be written, by the number of the error."""


def write_file(path: Path, content: str | bytes, mode: int = 0o644, via: Path | None = None) -> None:
    """Replace `path` by `content` atomically and durably. OSError (disk full …) leaves the old file as it was.

    `via`: a folder of the same file system for the temporary file, where somebody watches that of `path`.
    """
    data = content.encode() if isinstance(content, str) else content
    temp = (via or path.parent) / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        _write_synced(temp, data, mode)
        temp.replace(path)
    except OSError as error:
        with suppress(OSError):  # a read-only file system says so again, even of what is not there
            temp.unlink()
        raise explained(error, path) from error
    sync_folder(path.parent)


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def explained(error: OSError, path: Path) -> FairleadError:
    """An OSError as a sentence with a next step."""
    hint = HINTS.get(error.errno or 0)
    return FairleadError(f"{path}: could not be written: {error.strerror}; what was there is unchanged", hint)


def sweep_temporary(folder: Path, spared: tuple[str, ...] = ()) -> None:
    """Remove what `write_file` was killed in the middle of, below a folder; not in folders whose names begin so.

    What a living process writes stays; so does what cannot be removed.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(spared)]
        for name in names:
            found = _TEMPORARY.fullmatch(name)
            if found and not _runs(int(found[1])):
                with suppress(OSError):
                    Path(place, name).unlink()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True


def sync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, data: object, mode: int = 0o644) -> None:
    """`write_file` of canonical, readable JSON."""
    write_file(path, json.dumps(data, indent=2, sort_keys=True) + "\n", mode)


def read_json(path: Path) -> Any:
    """The JSON in `path`; None when the file is not there. FairleadError when it is damaged."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = "restore the file from a backup, or deploy again"
        raise FairleadError(f"{path}: not readable as JSON ({error})", hint) from error


def remove_tree(path: Path) -> None:
    """Remove a folder or file, read-only parts too; nothing happens when it is not there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        with suppress(FileNotFoundError):
            Path(folder).chmod(0o700)
    while path.exists():
        try:
            shutil.rmtree(path)
        except FileNotFoundError:  # somebody else removes it too
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:  # somebody writes into it meanwhile
                raise


def listed(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing where it is not there, or goes while it is looked at."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def size_below(folder: Path) -> int:
    """Bytes of the files below a folder; links are not followed, and what goes meanwhile counts nothing."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                facts = Path(place, name).lstat()
                found += facts.st_size if stat.S_ISREG(facts.st_mode) else 0
    return found


def free_bytes(path: Path) -> int:
    """Bytes a normal user can still write on the file system of `path` (the nearest existing parent)."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
