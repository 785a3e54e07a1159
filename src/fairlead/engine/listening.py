"""Whether anybody in a container listens at a port, by the kernel's own table.

To begin a command in a container costs the engine a tenth of a second of a core, and whoever waits for a store would
begin five a second.
"""

from __future__ import annotations

from pathlib import Path

from fairlead.engine.facts import ContainerFacts
from fairlead.system import sockets


def silent(facts: ContainerFacts, port: int) -> bool:
    """Whether it is sure that nobody does. It is not where this machine does not show it: to this user, or of a process
    that is another one's, as with an engine in a machine of its own."""
    if not facts.pid:
        return False
    try:
        if facts.id not in Path(f"/proc/{facts.pid}/cgroup").read_text():
            return False
        seen = sockets.connections_inside(facts.pid)
    except OSError:
        return False
    return not any(row.local_port == port and row.state == sockets.LISTEN for row in seen)
