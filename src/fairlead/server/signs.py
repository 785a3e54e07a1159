"""Signs that something happened in an environment, cheap enough to be looked at each second."""

from __future__ import annotations

import os
import select
from pathlib import Path

from fairlead.supervisor.supervisor import Supervisor
from fairlead.supervisor.survivors import last_started
from fairlead.system import processes
from fairlead.system.files import listed
from fairlead.system.home import Place

LARGE = 10 << 20  #: bytes of a log that is to be rotated


class Signs:
    """What to watch in one environment."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.supervisor = Supervisor(place)

    def pids(self) -> set[int]:
        """Everything whose end matters: what supervisord looks after, and what outlived its supervisord.

        Asking it has a second use: supervisord notices a child's end within a second, or at once when it is asked.
        """
        looked_after = {name: state.pid for name, state in self.supervisor.programs().items() if state.pid}
        edge = (self.place.edge / "starts", self.place.edge / "door" / "starts")
        starts = [*edge, *self.place.instances.glob("*/starts"), *self.place.stores.glob("*/starts"),
                  *self.place.backups.glob("*/starts")]  # fmt: skip
        alone = [last_started(file) for file in starts if file.parent.name not in looked_after]
        return {*looked_after.values(), *(one.pid for one in alone if one)} - {os.getpid()}

    def look(self) -> object:
        """A value that changes when the ledger grew, supervisord went or came, or a log became large.

        A supervisord that is dead again is told from the one that was dead before: another one was there in between.
        """
        ledger, pid_file = self.place.ledger, self.place.supervisor / "supervisord.pid"
        wal = ledger.with_name(ledger.name + "-wal")
        return (_stamp(ledger), _stamp(wal), self.supervisor.alive(), _stamp(pid_file), self._large())

    def _large(self) -> tuple[str, ...]:
        folders = [self.place.edge, self.place.edge / "log", self.place.root / "keeper"]
        folders += [*listed(self.place.instances), *listed(self.place.stores)]
        logs = (log for folder in folders for log in listed(folder) if log.name.endswith("log"))
        return tuple(str(log) for log in logs if (_stamp(log) or (0, 0))[1] >= LARGE)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_mtime_ns, facts.st_size


def wait(wake: int | None, pids: set[int], seconds: float) -> tuple[bool, bool]:
    """Sleep, at most so long; whether it was told to end, and whether one of the processes ended."""
    told = [] if wake is None else [wake]
    with processes.watched(pids) as ends:
        ready, _, _ = select.select([*told, *ends], [], [], seconds)
    return bool(set(ready) & set(told)), bool(set(ready) & set(ends))
