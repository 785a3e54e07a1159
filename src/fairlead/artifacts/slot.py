"""A folder that is built once, where it will stay, and counts from the moment its manifest is there.

Building beside and renaming would be simpler, but what `prepare` makes knows its own place: the scripts of a virtual
environment start with the absolute path of its python. So both artifacts and layers are built at their final path, and
the manifest, written last, says that the folder is whole. Without it the folder is what a failed build left, and the
next one removes it. A lock that the operating system releases keeps two builders apart.

    <folder>/tree/…           what was built, read-only
    <folder>/files.json       every file in it, to name what changed later
    <folder>/manifest.json    written last
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fairlead.artifacts.orphans import end_orphans
from fairlead.artifacts.source import SourceFile, digest_files, list_files, names_below
from fairlead.artifacts.tree import first_difference, is_bytecode, make_read_only
from fairlead.errors import FairleadError
from fairlead.system import clock
from fairlead.system.files import explained, read_json, remove_tree, sync_folder, write_json
from fairlead.system.lock import FileLock

Facts = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """One folder and the file that is locked while it is built or removed."""

    folder: Path
    lock: Path

    @property
    def tree(self) -> Path:
        """What was built."""
        return self.folder / "tree"

    def facts(self) -> Facts | None:
        """The manifest; None as long as the folder is not whole."""
        found: Facts | None = read_json(self.folder / "manifest.json")
        return found

    def complete(self) -> bool:
        """Whether the folder is whole."""
        return (self.folder / "manifest.json").exists()

    @contextlib.contextmanager
    def held(self, on_line: Callable[[str], None]) -> Iterator[None]:
        """Keep others away; waits for who is building now."""
        lock = self._lock()
        owner = f"process {os.getpid()} since {clock.stamp()}"
        if not lock.acquire(owner):
            on_line(f"waiting: {lock.owner() or 'another process'} is building too")
            lock.acquire(owner, blocking=True)
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def tried(self) -> Iterator[bool]:
        """Whether the folder could be taken at once, with nobody building in it."""
        lock = self._lock()
        taken = lock.acquire(f"process {os.getpid()} since {clock.stamp()}")
        try:
            yield taken
        finally:
            lock.release()

    def _lock(self) -> FileLock:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.lock)

    def build(self, fill: Callable[[Path], Facts]) -> None:
        """Let `fill` write into the empty tree, then seal it with the facts it returns. Call it with the lock held.

        Whatever goes wrong, Ctrl-C too: nothing is left behind, and nothing incomplete counts.
        """
        self.clear()
        try:
            with said(self.folder):
                self.tree.mkdir(parents=True)
                self._seal(fill(self.tree))
        except BaseException:
            self.clear()
            raise

    def _seal(self, facts: Facts) -> None:
        files = list_files(self.tree)
        rows = [dataclasses.astuple(file) for file in files]
        write_json(self.folder / "files.json", rows)
        make_read_only(self.tree)
        os.sync()  # all of the tree is on the disk before the manifest says so; one fsync per file takes far longer
        write_json(self.folder / "manifest.json", facts | {"tree": digest_files(files), "created": clock.stamp()})
        sync_folder(self.folder.parent)

    def clear(self) -> None:
        """End what builds here, remove the folder, the manifest first. Call it with the lock held."""
        if not self.folder.exists():
            return
        (self.folder / "manifest.json").unlink(missing_ok=True)
        end_orphans(self.folder)
        remove_tree(self.folder)

    def added(self) -> tuple[str, ...]:
        """Files that came after it was built, sorted; bytecode of Python is none of them."""
        built = {str(row[0]) for row in read_json(self.folder / "files.json") or []}
        return tuple(sorted(path for path in names_below(self.tree) - built if not is_bytecode(path))) if built else ()

    def verify(self, what: str) -> None:
        """Hash everything again. FairleadError naming the first file that is not as it was built."""
        facts = self.facts()
        if facts is None:
            raise FairleadError(f"{what}: not there or not complete in {self.folder}", "deploy it again")
        rows = read_json(self.folder / "files.json") or []
        built = tuple(SourceFile(*row) for row in rows)
        hint = "remove the release and deploy again"
        if digest_files(built) != facts["tree"]:
            raise FairleadError(f"{what}: {self.folder / 'files.json'} was changed after it was built", hint)
        difference = first_difference(built, list_files(self.tree))
        if difference is not None:
            raise FairleadError(f"{what}: {self.tree / difference[0]} {difference[1]} after it was built", hint)


@contextlib.contextmanager
def said(path: Path) -> Iterator[None]:
    """An OSError (disk full, no permission) as a FairleadError that names the file."""
    try:
        yield
    except OSError as error:
        raise explained(error, Path(error.filename) if isinstance(error.filename, str) else path) from error
