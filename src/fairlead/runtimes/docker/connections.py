"""How many connections a container still has to answer: read from its own network namespace."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.failures import EngineError
from fairlead.system import sockets
from fairlead.system.sockets import Connection

_ASK = ("cat", "/proc/net/tcp", "/proc/net/tcp6")


def open_to(engine: Engine, facts: ContainerFacts, port: int) -> int:
    """Those to `port`. What cannot be seen counts as one, so that the whole `drain` is waited."""
    rows = _rows(engine, facts)
    return 1 if rows is None else sockets.unanswered(port, rows)


def _rows(engine: Engine, facts: ContainerFacts) -> Iterable[Connection] | None:
    """From /proc of this machine, which may need root; else by a program in the container, where it has one."""
    try:
        return sockets.connections_inside(facts.pid)
    except OSError:
        pass
    try:
        ran = engine.run(facts.id, _ASK, seconds=5)
    except EngineError:
        return None
    return sockets.rows(ran.output) if "local_address" in ran.output else None
