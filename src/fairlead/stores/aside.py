"""What a store was before it is made anew, kept beside it until the new one is well.

PLACE/stores/NAME/before.json says what it was, from before anything is touched until nothing of it is needed any more.
So whoever finds it knows that a change was begun. The way is back until it says `well`, and forward from then on. Each
step looks at what is there, and may run twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.stores.folder import PRIVATE, READ, Kept, StoreFolder, names
from fairlead.system.files import listed, read_json, remove_tree, sync_folder, write_json
from fairlead.system.home import Place

JOURNAL = "before.json"
BESIDE = ".before"  #: ends the name of what was put aside


@dataclass(frozen=True, slots=True)
class Before:
    """What is written down of it."""

    kept: Kept
    container: str = ""  #: id of the one that it ran in
    well: bool = False  #: the new one is: nothing goes back


@dataclass(frozen=True)
class Aside:
    """What one store was."""

    folder: StoreFolder

    @property
    def _journal(self) -> Path:
        return self.folder.path / JOURNAL

    def read(self) -> Before | None:
        """None where no change was begun."""
        return before(self.folder.path)

    def note(self, kept: Kept, container: str = "") -> None:
        """From now on whoever comes next brings it back. What another one noted stays."""
        if self.read() is None:
            self._write(Before(kept, container))

    def note_well(self, found: Before) -> None:
        """From now on whoever comes next lets it go."""
        self._write(Before(found.kept, found.container, well=True))

    def _write(self, found: Before) -> None:
        data = {"kept": found.kept.to_data(), "container": found.container, "well": found.well}
        write_json(self._journal, data, PRIVATE)

    def put_aside(self) -> None:
        """All that the new one has anew, under another name."""
        for path, beside in self._pairs():
            if path.exists() and not beside.exists():
                path.rename(beside)

    def bring_back(self, found: Before) -> None:
        """The same in its place, and what it was made as."""
        for path, beside in self._pairs():
            if beside.exists():
                remove_tree(path)
                beside.rename(path)
        self.folder.keep(found.kept)

    def forget(self) -> None:
        """It is of no use any more."""
        for _, beside in self._pairs():
            remove_tree(beside)
        self._journal.unlink(missing_ok=True)
        sync_folder(self.folder.path)

    def _pairs(self) -> Iterator[tuple[Path, Path]]:
        path = self.folder.path
        for one in (self.folder.conf, path / "secrets", path / READ, path / "spec.json"):
            yield one, one.with_name(one.name + BESIDE)


def before(folder: Path) -> Before | None:
    """What a store was, by its folder; None where no change was begun."""
    data = read_json(folder / JOURNAL)
    return Before(Kept.from_data(data["kept"]), data["container"], data["well"]) if data else None


def images_of(environment: Path) -> set[str]:
    """The ids of all that stores of an environment are made from, or go back to; by its folder. FairleadError."""
    found = set()
    for folder in listed(environment / "stores"):
        if not folder.is_dir():
            continue  # a lock of whoever changes them
        data, was = read_json(folder / "store.json"), before(folder)
        found |= {Kept.from_data(data).image} if data else set()
        found |= {was.kept.image} if was else set()
    return found - {""}


def changing(place: Place) -> tuple[str, ...]:
    """The stores of a place that somebody began to make anew, and did not end."""
    return tuple(name for name in names(place) if (place.stores / name / JOURNAL).exists())
