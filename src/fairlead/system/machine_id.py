"""Which machine and which home this is, so that what two of them could share is known to be one's.

A home has a number that is drawn once. A copy of it on another machine has the same one, so the number that the
operating system has for itself goes with it (machine-id(5), which asks that it is never shown as it is), and that of
the board, which only root reads: a copied virtual machine has another one. What cannot be read is left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import sync_folder, write_file

NUMBER = "home.id"  #: the file in the home: no project has a dot in its name
SYSTEM = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
BOARD = (Path("/sys/class/dmi/id/product_uuid"),)


@dataclass(frozen=True, slots=True)
class Machine:
    """One, with a home on it."""

    home: str
    system: str  #: a hash; empty: not known
    board: str  #: a hash; empty: not known
    host: str  #: as a person knows it

    def same(self, other: Machine) -> bool:
        """What both know of themselves is alike."""
        known = ((self.system, other.system), (self.board, other.board))
        return self.home == other.home and all(mine == its for mine, its in known if mine and its)


def this_machine(home: Path) -> Machine:
    """This one. FairleadError when the home cannot be written to."""
    return Machine(_number(home), _hash(SYSTEM), _hash(BOARD), socket.gethostname())


def _number(home: Path) -> str:
    """Drawn once: whoever is second finds that of the first."""
    path = home / NUMBER
    temp = home / f".{NUMBER}.{secrets.token_hex(4)}.tmp"
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            write_file(temp, secrets.token_hex(16) + "\n", 0o600)
            with contextlib.suppress(FileExistsError):
                os.link(temp, path)
            sync_folder(home)
        return path.read_text().strip()
    except OSError as error:
        raise FairleadError(f"{path}: {error.strerror}", "set FAIRLEAD_HOME to a folder you may write") from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink()


def _hash(paths: tuple[Path, ...]) -> str:
    for path in paths:
        with contextlib.suppress(OSError):
            if said := path.read_text().strip():
                return hashlib.sha256(f"fairlead {said}".encode()).hexdigest()[:32]
    return ""
