"""Does it still live? A process that hangs neither ends nor answers, so nobody else would notice.

Only services that declare `health.live` are asked, and only instances that were ready before. One that fails several
times in a row is killed: supervisord starts it again, and like any that restarts it gets requests when it is ready.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from fairlead.runtimes.folder import InstanceFolder, folders
from fairlead.system import http, processes
from fairlead.system.home import Place

EVERY = 10.0  #: seconds between two questions
FAILURES = 3  #: in a row


class Liveness:
    """Asks the instances of one environment. An answer is waited for as long as the service's `timeout` says."""

    def __init__(self, place: Place, say: Callable[[str], None], every: float = EVERY) -> None:
        self.place = place
        self.say = say
        self.every = every
        self._due = 0.0
        self._failed: dict[str, int] = {}

    def check(self) -> None:
        """Ask all, when it is time to; kill what hangs."""
        if time.monotonic() < self._due:
            return
        for folder in folders(self.place.instances):
            self._check(folder)
        self._due = time.monotonic() + self.every

    def _check(self, folder: InstanceFolder) -> None:
        process, path, port = folder.process(), folder.health().live, (folder.spec() or {}).get("port")
        if path is None or port is None or process is None or not folder.verified(process.mark):
            self._failed.pop(folder.id, None)
            return
        answer = http.get(port, path, folder.health().timeout, host=folder.address())
        self._failed[folder.id] = 0 if answer.ok else self._failed.get(folder.id, 0) + 1
        if self._failed[folder.id] >= FAILURES and process.alive():
            why = answer.error or f"answered {answer.status}"
            self.say(f"{folder.id} does not live: GET {path}: {why}, {FAILURES} times; killed, to be started again")
            processes.signal_group(process.pid, signal.SIGKILL)
            self._failed.pop(folder.id)
