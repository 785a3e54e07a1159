"""Trees on disk: copy the files that count, lay prepared files over them, make them read-only, find what changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from fairlead.artifacts.source import SourceFile, SourceTree
from fairlead.errors import FairleadError
from fairlead.system.files import remove_tree

_CHUNK = 1 << 20  #: bytes


def copy_files(source: SourceTree, files: Iterable[SourceFile], target: Path) -> None:
    """Copy `files` of `source` to the folder `target`, with their times; what others may not read stays so.

    FairleadError when one is no longer what was hashed: the artifact's name would lie. OSError when writing fails.
    """
    made = {""}
    for file in files:
        parent = file.path.rpartition("/")[0]
        if parent not in made:
            (target / parent).mkdir(parents=True, exist_ok=True)
            made.add(parent)
        if file.kind == "link":
            (target / file.path).symlink_to(file.content)
        else:
            _copy(source.root / file.path, target / file.path, file)


def _copy(source: Path, target: Path, file: SourceFile) -> None:
    content = hashlib.sha256()
    try:
        reading = source.open("rb")
    except OSError as error:
        raise _changed(source) from error
    with reading:
        facts = os.fstat(reading.fileno())
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(facts, file)), "wb") as writing:
            while chunk := reading.read(_CHUNK):
                content.update(chunk)
                writing.write(chunk)
    if content.hexdigest() != file.content:
        raise _changed(source)
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _mode(facts: os.stat_result, file: SourceFile) -> int:
    """For everybody, unless others could not read the source: then for its owner alone."""
    mode = 0o755 if file.kind == "executable" else 0o644
    return mode if facts.st_mode & stat.S_IROTH else mode & stat.S_IRWXU


def _changed(path: Path) -> FairleadError:
    return FairleadError(f"{path}: the file changed while it was being copied", "run the command again")


def lay_over(prepared: Path, inputs: Iterable[SourceFile], target: Path) -> None:
    """Link everything in the tree `prepared` that is not one of its inputs into the tree `target`.

    A folder that `target` does not have is one link; where both have the folder they are merged, and the prepared
    file replaces the source's.
    """
    names = {file.path for file in inputs}
    mixed = {str(parent) for name in names for parent in Path(name).parents}
    _lay_over(prepared, "", target, (names, mixed))


def _lay_over(prepared: Path, folder: str, target: Path, known: tuple[set[str], set[str]]) -> None:
    names, mixed = known
    with os.scandir(prepared / folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        place = target / name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and (name in mixed or (place.is_dir() and not place.is_symlink())):
            place.mkdir(exist_ok=True)
            _lay_over(prepared, name, target, known)
        elif name not in names:
            remove_tree(place)
            place.symlink_to(entry.path)


def make_read_only(tree: Path) -> None:
    """Take write permission from every file and folder; links are not followed."""
    for folder, _, files in os.walk(tree, topdown=False):
        for path in (*(Path(folder, name) for name in files), Path(folder)):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~0o222)


def is_bytecode(path: str) -> bool:
    """Whether Python makes such a file by itself."""
    return "__pycache__/" in path and path.endswith(".pyc")


def first_difference(built: Iterable[SourceFile], now: Iterable[SourceFile]) -> tuple[str, str] | None:
    """The first path that differs and how, None when nothing does.

    Bytecode that Python adds while a service runs as root is no difference.
    """
    before, after = ({file.path: file for file in files} for files in (built, now))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            return path, "was removed"
        if path not in before:
            if not is_bytecode(path):
                return path, "was added"
        elif before[path] != after[path]:
            return path, "was changed"
    return None
