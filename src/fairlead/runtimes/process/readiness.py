"""Is a process ready? Only answers on its own socket count."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.runtimes import probe
from fairlead.system import http, processes, sockets
from fairlead.system.http import Answer
from fairlead.system.processes import Process


@dataclass
class Probe(probe.Probe):
    """The readiness of one process."""

    process: Process | None = None

    def _mark(self) -> str:
        self.process = self.folder.process()
        return self.process.mark if self.process else ""

    def _asked(self) -> Answer | None:
        if self.port is None:
            return None
        if self.health.ready is None:
            return http.connects(self.port, self.health.timeout)
        return http.get(self.port, self.health.ready, self.health.timeout)

    def _elsewhere(self) -> str:
        """Where it listens instead, if anywhere: a port in its configuration instead of `${PORT}` is a common slip."""
        if self.process is None or self.port is None or sockets.listener_inodes(self.port):
            return ""
        others = ", ".join(map(str, sockets.listening_ports(processes.group_members(self.process.pid))))
        return f"; it listens on {others}, not on ${{PORT}}={self.port}" if others else ""

    def _own(self) -> bool:
        """A stranger that answers on the port must never get traffic."""
        inodes = sockets.listener_inodes(self.port or 0)
        leader = self.process.pid if self.process else 0
        if any(sockets.holds_socket(pid, inodes) for pid in processes.group_members(leader)):
            return True
        self.streak, self.said = 0, f"port {self.port} is answered by another program"
        return False
