"""The folder in which a store or a volume has its data, and beside it what becomes of it next, or was before.

What is put back lies in a new folder first, of the same file system, and gets its place by changes of names alone. Who
is killed in the middle of that is followed by one who goes on: no name is moved twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.backups.shell import Shell

NEW, BEFORE = "new-", "before-"
SIDE = ".fairlead"
"""Beside the data in a volume; it is no data of anybody's."""
FLUSH = '{ sync -f "$1" || sync; } 2>/dev/null || true'
"""All of the file system that a folder is on."""
FRESH = 'umask 077; rm -rf "$1"; mkdir -p "$1"'
SWAP = r"""set -eu
data=$1 side=$2 new=$2/$3 aside=$2/$4
[ -d "$new" ] || { rm -f "$new.turned"; exit 0; }
each() {
    for one in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if { [ -e "$one" ] || [ -L "$one" ]; } && [ "$one" != "$side" ]; then mv "$one" "$2"/; fi
    done
}
if [ ! -e "$new.turned" ]; then
    mkdir -p "$data" "$aside"
    each "$data" "$aside"
    : >"$new.turned"
fi
each "$new" "$data"
rmdir "$new"
rm -f "$new.turned"
{ sync -f "$data" || sync; } 2>/dev/null || true
"""
"""All that is in the data goes aside, then all that is new comes in. A mark between the two says which it is.
It is on the disk before anybody forgets that it was begun."""
LISTED = 'for one in "$1"/"$2"*; do [ -d "$one" ] && echo "${one##*/}"; done; true'


@dataclass(frozen=True)
class Spot:
    """One of them."""

    name: str  #: of the volume; empty: the store's own data
    shell: Shell
    data: str
    side: str  #: folder of what is new, and of what was before

    @property
    def inside(self) -> bool:
        """Whether what lies aside is in the folder itself."""
        return self.side.startswith(f"{self.data}/")

    def fresh(self, stamp: str) -> str:
        """A new, empty folder."""
        path = f"{self.side}/{NEW}{stamp}"
        self.shell.run("a folder for what is restored", FRESH, path)
        return path

    def settle(self, stamp: str) -> None:
        """Have what is new on the disk before anybody relies on it: who loses power then has all of it."""
        self.shell.run("what was restored", FLUSH, f"{self.side}/{NEW}{stamp}")

    def swap(self, stamp: str) -> None:
        """Have what is new in its place, and what was there aside. Nobody uses it now. It may be said again."""
        self.shell.run("what was restored", SWAP, self.data, self.side, f"{NEW}{stamp}", f"{BEFORE}{stamp}")

    def discard(self) -> None:
        """All that is new and has no place."""
        self.shell.run("what is not restored", 'rm -rf "$1"/new-*', self.side)

    def aside(self) -> tuple[str, ...]:
        """The names of what was put aside, the oldest first."""
        return tuple(self.shell.run("what is aside", LISTED, self.side, BEFORE).split())

    def drop(self, name: str) -> None:
        """Remove one of them."""
        self.shell.run(f"removing {name}", 'rm -rf "$1"', f"{self.side}/{name}")
