"""Replace a whole folder at once: after a crash at any point a reader finds the old one or the new one, never a part.

The new one is built beside it and flushed, then the two change names in one call: renameat2(2) with RENAME_EXCHANGE on
Linux, renamex_np(2) with RENAME_SWAP on macOS. Where a file system has neither, the old one goes aside first; the next
one who replaces the folder puts it back when nothing stands in its place.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fairlead.system.files import remove_tree, sync_folder

AT_ONCE = 16
_CWD = -100  #: AT_FDCWD
_EXCHANGE = 2  #: RENAME_EXCHANGE, and RENAME_SWAP too


def replace_folder(folder: Path, build: Callable[[Path], None]) -> None:
    """Have `build` fill an empty folder, then put it in the place of `folder`. OSError leaves that as it was.

    Whoever calls this holds the folder above, so that nobody does the same meanwhile.
    """
    mend(folder)
    new = folder.with_name(f"{_prefix(folder)}{secrets.token_hex(4)}.tmp")
    try:
        new.mkdir()
        build(new)
        _sync(new)
        _put(new, folder)
        sync_folder(folder.parent)
    finally:
        if new.exists():
            remove_tree(new)


def mend(folder: Path) -> None:
    """Clear away what one left who was killed, and put back a folder that had been put aside."""
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    for left in folder.parent.glob(f"{_prefix(folder)}*.tmp") if folder.parent.is_dir() else ():
        remove_tree(left)


def _prefix(folder: Path) -> str:
    return f".{folder.name}.fairlead-"


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{_prefix(folder)}before.tmp")


def _put(new: Path, folder: Path) -> None:
    if not folder.exists():
        new.rename(folder)
    elif not _exchange(new, folder):
        aside = _aside(folder)
        folder.rename(aside)
        new.rename(folder)
        remove_tree(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the two have changed names."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(one), os.fsencode(other))
    if sys.platform == "darwin":  # pragma: no cover
        return bool(libc.renamex_np(*names, _EXCHANGE) == 0)
    call = getattr(libc, "renameat2", None)
    here = _CWD
    return call is not None and bool(call(here, names[0], here, names[1], _EXCHANGE) == 0)


def _sync(folder: Path) -> None:
    """Flush every file and folder: many at a time, which the file system gathers into a few writes of its log."""
    folders, files = [], []
    for path, _, names in os.walk(folder):
        folders.append(Path(path))
        files += [file for name in names if _is_new(file := Path(path, name))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_flush, files))
        list(pool.map(sync_folder, folders))


def _is_new(file: Path) -> bool:
    """Whether it was written here; one that has another name too is the old one, which stays."""
    facts = file.lstat()
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
