"""Is it ready? N successes in a row by the very process that was started, before a deadline; fails fast on a death."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.project.stack import Health
from fairlead.runtimes.base import NotReady
from fairlead.runtimes.process.folder import InstanceFolder
from fairlead.system import http, processes, sockets
from fairlead.system.http import Answer
from fairlead.system.processes import Process

WORKER_SETTLES = 1.5  #: seconds a process without a port must live to count as started: more than supervisord's own


@dataclass
class Probe:
    """The readiness of one instance while it is being awaited."""

    folder: InstanceFolder
    health: Health
    port: int | None
    begun: float = field(default_factory=time.monotonic)
    due: float = 0.0  #: when the next probe may run, monotonic seconds
    streak: int = 0
    pause: float = 0.05
    said: str = "not started yet"
    process: Process | None = None
    since: float = 0.0  #: when this process was first seen

    def ready(self) -> bool:
        """Ask once; True when the last of its N successes came. NotReady past the deadline."""
        now = time.monotonic()
        if now - self.begun > self.health.deadline:
            raise NotReady(f"{self.folder.id}: not ready within {self.health.deadline:g} s: {self.said}")
        if now < self.due:
            return False
        done = self._ask(now)
        self.due = time.monotonic() + (self.health.interval if self.streak else self.pause)
        self.pause = min(self.pause * 1.5, max(self.health.interval, 0.05))
        return done

    def _ask(self, now: float) -> bool:
        if not self._same_process(now):
            return False
        if self.port is None:
            return self.folder.verified(self.process) or now - self.since >= WORKER_SETTLES
        answer = self._probe(self.port)
        self.streak = self.streak + 1 if answer.ok else 0
        if not answer.ok:
            self.said = (answer.error or f"answered {answer.status}") + self._elsewhere(self.port)
        return self.streak >= self._needed() and self._owns(self.port)

    def _elsewhere(self, port: int) -> str:
        """Where it listens instead, if anywhere: a port in its configuration instead of `${PORT}` is a common slip."""
        if self.process is None or sockets.listener_inodes(port):
            return ""
        others = ", ".join(map(str, sockets.listening_ports(processes.group_members(self.process.pid))))
        return f"; it listens on {others}, not on ${{PORT}}={port}" if others else ""

    def _needed(self) -> int:
        """One success is enough for a process that was found ready before and still runs."""
        return 1 if self.folder.verified(self.process) else max(1, self.health.successes)

    def _same_process(self, now: float) -> bool:
        """Successes of a process that has died since do not count for the next one."""
        process = self.folder.process()
        if process != self.process:
            self.process, self.since, self.streak = process, now, 0
        return process is not None

    def _probe(self, port: int) -> Answer:
        if self.health.ready is None:
            return http.connects(port, self.health.timeout)
        return http.get(port, self.health.ready, self.health.timeout)

    def _owns(self, port: int) -> bool:
        """A stranger that answers on the port must never get traffic."""
        inodes = sockets.listener_inodes(port)
        leader = self.process.pid if self.process else 0
        if any(sockets.holds_socket(pid, inodes) for pid in processes.group_members(leader)):
            return True
        self.streak, self.said = 0, f"port {port} is answered by another program"
        return False


def await_ready(probes: Sequence[Probe], dead: Callable[[str], str], progress: Callable[[str], None]) -> None:
    """Return when every probe was ready; each is written down as verified. `dead(id)` says why one gave up, or ''."""
    waiting = list(probes)
    while waiting:
        for probe in list(waiting):
            if probe.ready() and probe.process is not None:
                probe.folder.verify(probe.process)
                waiting.remove(probe)
                progress(f"{probe.folder.id} is ready")
            elif reason := dead(probe.folder.id):
                raise NotReady(f"{probe.folder.id}: {reason}")
        pause = min((probe.due for probe in waiting), default=0.0) - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, 0.1))
