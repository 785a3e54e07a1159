"""What supervisord is asked each second, in few words: it runs this, and answers it at half the cost of its own call.

`getAllProcessInfo` says fourteen things of each program, in XML, of which five are read.
"""

from __future__ import annotations

import json
from typing import Any

NAMESPACE = "fairlead"
UNKNOWN_METHOD = 1  #: supervisord's fault when it was started without this
SHUTDOWN_STATE = 6  #: its fault while it ends


class Programs:
    """Calls `fairlead.METHOD`."""

    def __init__(self, supervisord: Any) -> None:
        self.supervisord = supervisord

    def programs(self) -> str:
        """Name, state, PID, exit code and reason of each program, as JSON."""
        from supervisor.states import SupervisorStates, getProcessStateDescription  # noqa: PLC0415 — runs in it alone
        from supervisor.xmlrpc import RPCError  # noqa: PLC0415

        if self.supervisord.options.mood < SupervisorStates.RUNNING:
            raise RPCError(SHUTDOWN_STATE)
        groups = self.supervisord.process_groups.values()
        found = [(one, one.config.name) for group in groups for one in group.processes.values()]
        rows = [
            (name, getProcessStateDescription(one.get_state()), one.pid, one.exitstatus or 0, one.spawnerr or "")
            for one, name in found
        ]
        return json.dumps(sorted(rows))


def make(supervisord: Any, **_: Any) -> Programs:
    """As supervisord's configuration names it."""
    return Programs(supervisord)
