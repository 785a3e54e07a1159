"""Find what is under way in an environment, or what was last, and follow it to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fairlead.operations.remote.running import Operation, Operations
from fairlead.system.home import Place

EVERY = 0.05  #: seconds between two looks
RESULTS = frozenset({"answer", "error", "out", "err", "exit"})  #: frames that tell what came of it

Show = Callable[[dict[str, Any]], None]
Pause = Callable[[float], None]  #: waits so many seconds; what it raises ends the following


def attach(place: Place, show: Show, pause: Pause = time.sleep) -> int:
    """Show all that is said of the newest operation until its end; its exit code. 0 when there never was one."""
    found = Operations(place).last()
    if found is None:
        show(_note(f"nothing was ever begun from elsewhere in {place.environment}"))
        return 0
    facts = found.facts
    if found.runs():
        show(_note(f"under way: {facts.get('what')}, begun by {facts.get('by')} at {facts.get('time')}"))
        return follow(found, show, pause)
    show(_note(f"nothing is under way; the last was {facts.get('what')}, by {facts.get('by')} at {facts.get('time')}"))
    return follow(found, lambda frame: show(frame) if frame.get("frame") in RESULTS else None, pause)


def follow(operation: Operation, show: Show, pause: Pause = time.sleep) -> int:
    """Show all that is said until the end; the exit code."""
    while True:
        for frame in operation.more():
            if frame.get("frame") == "exit":
                return int(frame["code"])
            show(frame)
        pause(EVERY)


def _note(text: str) -> dict[str, Any]:
    return {"frame": "err", "text": f"{text}\n"}
