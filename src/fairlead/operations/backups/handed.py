"""What a command that is tried on a copy is handed, secrets among it: in a folder of its own, with the copy's port."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from fairlead.backups.scratch import claimed, forget_claim, is_orphan
from fairlead.system.files import remove_tree
from fairlead.system.home import Place
from fairlead.system.ports import Ports

NAME = "rehearsal-"


@contextlib.contextmanager
def handed(place: Place, port: bool) -> Iterator[tuple[Path, int | None]]:
    """A folder, and with `port` one on which a process of this machine reaches the copy; both gone at the end. What
    killed ones left goes first.
    """
    forget(place)
    ports, path = Ports(place.ports), place.root / f"{NAME}{secrets.token_hex(4)}"
    with claimed(path):
        path.mkdir(mode=0o700)
        try:
            yield path, ports.take(str(path)) if port else None
        finally:
            ports.give_up(str(path))
            remove_tree(path)


def left(place: Place) -> Iterator[Path]:
    """The folders of those who were killed."""
    return (one for one in place.root.glob(f"{NAME}*") if one.is_dir() and is_orphan(one))


def forget(place: Place) -> None:
    """They go, and so do their ports."""
    for one in left(place):
        Ports(place.ports).give_up(str(one))
        remove_tree(one)
        forget_claim(one)
