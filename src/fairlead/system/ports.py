"""Free ports without races among everything Fairlead starts on this machine.

A port is taken by making a symbolic link of its number, in a folder all environments share, that points to its
holder. The range lies below the kernel's ephemeral ports, so that no outgoing connection takes one in between. Whoever
has another folder (another home, another user) learns of it by an abstract socket (unix(7), Linux only) that this
process holds until the instance has had time to bind the port. That a program that is not Fairlead binds it before
cannot be excluded; so readiness checks that the listener belongs to the instance, and a port that turned out to be a
stranger's is given up for another.
"""

from __future__ import annotations

import random
import socket
import sys
import time
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system import sockets
from fairlead.system.files import explained

FIRST, LAST = 20000, 31999
SPOKEN_FOR = 64  #: of the ports that this process has taken, so many are kept from others at a time

YOUNG = 3600.0  #: seconds in which a holder may be about to be made

_spoken: dict[int, socket.socket] = {}  # the oldest first


def speak_for(port: int) -> bool:
    """Keep a port from every other home until this process ends or has taken many more; False when it is kept already.

    The kernel keeps such names apart by network namespace, as it does ports.
    """
    if port in _spoken:
        return False
    claim = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":
            claim.bind(f"\0fairlead-port-{port}")
    except OSError:
        claim.close()
        return False
    _spoken[port] = claim
    for oldest in list(_spoken)[:-SPOKEN_FOR]:
        release(oldest)
    return True


def release(port: int) -> None:
    """Others may have it; nothing happens when it was not kept from them."""
    if claim := _spoken.pop(port, None):
        claim.close()


class Ports:
    """The shared folder of taken ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, holder: str) -> int:
        """A port nobody has, now `holder`'s until `give` or `give_up`. One it has already, and can use, is its port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for port, name in self.taken().items():
            if name == holder and sockets.bindable(port):
                return port
        start = random.randrange(FIRST, LAST + 1)  # noqa: S311 — spreads several homes on one machine, no secret
        for offset in range(LAST - FIRST + 1):
            port = FIRST + (start - FIRST + offset) % (LAST - FIRST + 1)
            if sockets.bindable(port) and speak_for(port):
                if self._claim(port, holder):
                    return port
                release(port)
        raise FairleadError(f"no free port between {FIRST} and {LAST}", "stop releases that are no longer needed")

    def _claim(self, port: int, holder: str) -> bool:
        """A link is made whole or not at all, so no kill and no full disk leaves a port that nobody is said to hold."""
        link = self.folder / str(port)
        try:
            link.symlink_to(holder)
        except FileExistsError:
            return False
        except OSError as error:
            raise explained(error, link) from error
        return True

    def held(self, holder: str) -> int | None:
        """The port the holder has, usable or not; None when it has none."""
        return next((port for port, name in self.taken().items() if name == holder), None)

    def give(self, port: int) -> None:
        """Free the port."""
        (self.folder / str(port)).unlink(missing_ok=True)
        release(port)

    def give_up(self, holder: str) -> None:
        """Free every port of the holder, one included that a killed process took and never wrote down."""
        for port, name in self.taken().items():
            if name == holder:
                self.give(port)

    def sweep(self) -> None:
        """Free what belongs to nobody any more: an environment whose folder somebody has removed."""
        for port, name in self.taken().items():
            if not Path(name).exists() and _older(self.folder / str(port), YOUNG):
                self.give(port)

    def taken(self) -> dict[int, str]:
        """Every taken port and its holder."""
        if not self.folder.exists():
            return {}
        links = {int(path.name): _target(path) for path in self.folder.iterdir() if path.name.isdigit()}
        return {port: holder for port, holder in links.items() if holder is not None}


def _older(link: Path, seconds: float) -> bool:
    try:
        return time.time() - link.lstat().st_mtime > seconds
    except OSError:  # it is gone
        return False


def _target(link: Path) -> str | None:
    """Where a link points; None when it was removed in between."""
    try:
        return str(link.readlink())
    except OSError:
        return None
