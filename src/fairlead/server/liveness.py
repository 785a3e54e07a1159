"""Does it still live? A process that hangs neither ends nor answers, so nobody else would notice.

Only services that declare `health.live` are asked, and only instances that were ready before. One that fails several
times in a row is killed: it is started again, and like any that restarts it gets requests when it is ready.

The keeper asks, and has more to do than to wait: all are asked at one time, and it looks now and then who answered.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from http.client import HTTPException

from fairlead.engine.direct import DirectEngine, Refused
from fairlead.engine.owner import Owner
from fairlead.runtimes.folder import InstanceFolder, folders
from fairlead.system import processes
from fairlead.system.asking import Asking
from fairlead.system.home import Place
from fairlead.system.http import Answer
from fairlead.system.processes import Process

EVERY = 10.0  #: seconds between two questions
FAILURES = 3  #: in a row
GLANCE = 2.0  #: seconds for an answer of the engine


class Liveness:
    """Asks the instances of one environment. An answer is waited for as long as the service's `timeout` says."""

    def __init__(self, place: Place, say: Callable[[str], None], every: float = EVERY) -> None:
        self.place = place
        self.say = say
        self.every = every
        self._due = 0.0
        self._failed: dict[str, int] = {}
        self._asked: dict[str, tuple[Asking, InstanceFolder, Process]] = {}
        self._told: object = None  #: the engine is at it: the connection stays open until the next one is killed

    def check(self) -> None:
        """See who answered, and ask all when it is time to. Takes microseconds."""
        if self.look() == 0 and time.monotonic() >= self._due:
            self._due = time.monotonic() + self.every
            for folder in folders(self.place.instances):
                self._ask(folder)

    def look(self) -> int:
        """See who answered, and kill what hangs; how many have not answered yet."""
        for id, (asking, folder, process) in tuple(self._asked.items()):
            if (answer := asking.look()) is not None:
                del self._asked[id]
                self._judge(folder, process, answer)
        return len(self._asked)

    def _ask(self, folder: InstanceFolder) -> None:
        process, path, port = folder.process(), folder.health().live, (folder.spec() or {}).get("port")
        address = folder.address()
        if path is None or port is None or process is None or not address or not folder.verified(process.mark):
            self._failed.pop(folder.id, None)
            return
        with contextlib.suppress(OSError):  # no socket to be had now: the next time
            self._asked[folder.id] = Asking(port, path, folder.health().timeout, address), folder, process

    def _judge(self, folder: InstanceFolder, process: Process, answer: Answer) -> None:
        self._failed[folder.id] = 0 if answer.ok else self._failed.get(folder.id, 0) + 1
        if self._failed[folder.id] >= FAILURES and process.alive():
            why = answer.error or f"answered {answer.status}"
            does_not = f"{folder.id} does not live: GET {folder.health().live}: {why}, {FAILURES} times"
            try:
                self._kill(folder, process)
                self.say(f"{does_not}; killed, to be started again")
            except (OSError, ValueError, HTTPException, Refused) as error:
                self.say(f"{does_not}; and it could not be killed: {error}")
            self._failed.pop(folder.id)

    def _kill(self, folder: InstanceFolder, process: Process) -> None:
        try:
            processes.signal_group(process.pid, signal.SIGKILL)
        except PermissionError:  # a container of another user: its engine may
            engine, owner = DirectEngine.here(timeout=GLANCE), Owner.of(self.place)
            found = engine.inspect(owner.instance(folder.id)) if engine and (folder.spec() or {}).get("image") else None
            if engine is None or found is None or found["State"]["Pid"] != process.pid:
                raise
            if not owner.owns(found["Config"].get("Labels")):
                raise
            self._told = engine.begin(str(found["Id"]), "restart?t=0")  # what is only killed is not started again
