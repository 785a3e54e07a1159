"""Door and Traefik brought back at once when one of them ended, by the keeper itself.

A round of housekeeping does all that and more, but has to load the engine's client and much else before. This asks
for two or three things over the engine's socket; what it leaves undone is found by the round that follows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any

from fairlead.engine.direct import DirectEngine, Refused
from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.supervisor.survivors import last_started, read_starts
from fairlead.system import http, processes
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

DOOR, TRAEFIK, DEPUTY = "edge", "edge-traefik", "edge-deputy"  #: as in `render.edge_containers`, which loads much
FRONTEND, API_PORT = "frontend", 61001
PATIENCE = 15.0  #: seconds for a container to run, on a machine where everything waits
ANSWERS = 2.0  #: seconds for Traefik to listen, and CONNECT for one try
CONNECT = 0.2
STEADY = 10.0  #: seconds of running after which the engine starts it again at once, in a tenth of a second
SOON = 0.3  #: seconds it gets for that otherwise: it waits twice as long each time, up to a minute
LATE = 3.0  #: seconds it gets where it is at it: who starts it too has it started twice
PAUSE = 0.01  #: seconds between two looks at a container


class Revival:
    """Of the edge of one environment."""

    def __init__(self, place: Place) -> None:
        self.folder = place.edge
        self._folders = (self.folder / "door", self.folder)
        self.owner = Owner.of(place)
        self._handled: tuple[str, ...] = ()  #: the marks of door and Traefik at the last time that one was dead

    def pids(self) -> set[int]:
        """The processes of door and Traefik that live: the end of one is a reason to look."""
        return {one.pid for folder in self._folders if (one := last_started(folder / "starts"))}

    def look(self) -> None:
        """Bring back what ended since it was written down, once. Nothing where the edge is no container, or somebody
        else is at it."""
        marks = tuple(read_starts(folder / "starts").last for folder in self._folders)
        dead = tuple("" if not mark or processes.from_mark(mark) else mark for mark in marks)
        if not all(marks) or not any(dead) or marks == self._handled:
            return
        self._handled = marks
        lock = FileLock(self.folder / "lock")
        if lock.acquire("the edge"):
            try:
                self._bring_back(_pid(dead[0]))
            except (OSError, ValueError, HTTPException, Refused, FairleadError):
                return  # the engine is away, or the disk is full: the round that follows says so
            finally:
                lock.release()

    def _bring_back(self, dead: int) -> None:
        """`dead`: the process of the door that ended, 0 when it lives."""
        engine = DirectEngine.here()
        if engine is None or self._found(engine, DEPUTY) is not None:
            return  # while Traefik is replaced more has to be done
        door, traefik = self._found(engine, DOOR), self._found(engine, TRAEFIK)
        if door is None or traefik is None or traefik["HostConfig"]["NetworkMode"] != f"container:{door['Id']}":
            return
        if dead:
            ended = engine.begin(traefik["Id"], "kill")  # in the network of a door that is no more
            _await_running(engine, door["Id"], dead)
            ended()
        _await_running(engine, traefik["Id"], int(traefik["State"]["Pid"] or 0) if dead else 0)
        self._note(engine, (door["Id"], traefik["Id"]))
        self._await_answers(engine, door["Id"])

    def _note(self, engine: DirectEngine, ids: tuple[str, str]) -> None:
        """Write down which processes they are now: one may end again before a round does that."""
        for folder, id in zip(self._folders, ids, strict=True):
            pid = int(((engine.inspect(id) or {}).get("State") or {}).get("Pid") or 0)
            if process := processes.look(pid) if pid else None:
                write_file(folder / "starts", f"{process.mark}\n", 0o600)  # an empty one would say that nothing ran

    def _await_answers(self, engine: DirectEngine, door: str) -> None:
        """What comes after this loads much, and would take a core from what users wait for."""
        networks = ((engine.inspect(door) or {}).get("NetworkSettings") or {}).get("Networks") or {}
        address = (networks.get(self.owner.name(FRONTEND)) or {}).get("IPAddress")
        if address:
            wait_until(lambda: http.connects(API_PORT, CONNECT, address).ok, ANSWERS, 0.02, 0.05)

    def _found(self, engine: DirectEngine, short: str) -> dict[str, Any] | None:
        """One of ours."""
        found = engine.inspect(self.owner.name(short))
        return found if found and self.owner.owns(found["Config"].get("Labels")) else None


def _pid(mark: str) -> int:
    return int(mark.partition(" ")[0] or 0)


def _await_running(engine: DirectEngine, id: str, before: int) -> None:
    """Until it runs as another process than `before`: started, unless the engine does that itself before long."""
    begun = time.monotonic()
    while (found := engine.inspect(id)) and (passed := time.monotonic() - begun) < PATIENCE:
        state = found["State"]
        if state["Status"] == "running" and state["Pid"] and state["Pid"] != before:
            return
        if state["Status"] in ("exited", "created"):
            engine.begin(id, "start")()
        elif state["Status"] == "restarting" and passed > patience(state):
            engine.begin(id, "restart?t=0")()
        time.sleep(PAUSE)


def patience(state: Mapping[str, Any]) -> float:
    """Seconds the engine gets to start a container again, by what it says of its last run.

    Its restart manager forgets how often one ended once that has run for ten seconds (moby, `restartmanager.go`).
    """
    try:
        ran = datetime.fromisoformat(_whole(state["FinishedAt"])) - datetime.fromisoformat(_whole(state["StartedAt"]))
    except (KeyError, TypeError, ValueError):
        return SOON
    return LATE if ran.total_seconds() > STEADY else SOON


def _whole(time: str) -> str:
    """Without parts of a second, of which the engine writes nine digits."""
    return time.partition(".")[0].removesuffix("Z")
