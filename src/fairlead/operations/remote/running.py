"""What is done on the host for others: PLACE/remote/operations/NUMBER, with all it says in the file `events`.

It is done by a process of its own, which no end of a connection ends. Whoever wants to know follows the file: the one
who began it, or, when the connection broke, the one who comes next. Whether it still runs is told by a lock, which the
operating system releases however the process ends.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError
from fairlead.hosts.wire import decode
from fairlead.masking import concealed_data
from fairlead.system import clock
from fairlead.system.detached import detached
from fairlead.system.files import read_json, remove_tree, write_json
from fairlead.system.home import Place
from fairlead.system.lock import FileLock, held_lock

KEPT = 20  #: operations, the newest
EVENTS, LOCK, FACTS = "events", "lock", "operation.json"

Emit = Callable[[dict[str, Any]], None]
Act = Callable[[Emit], int]  #: says what happens, and returns an exit code


@dataclass
class Operation:
    """One of them, as it is followed."""

    folder: Path
    read: int = field(default=0)  #: bytes of its events

    @property
    def number(self) -> int:
        """Counts from 1 in an environment."""
        return int(self.folder.name)

    @property
    def facts(self) -> dict[str, Any]:
        """`what`, `by`, `time`, `checkout` (a folder's name, or None)."""
        found: dict[str, Any] = read_json(self.folder / FACTS) or {}
        return found

    def runs(self) -> bool:
        """Whether somebody carries it now."""
        return self.folder.exists() and FileLock(self.folder / LOCK).held()

    def interrupt(self) -> None:
        """As Ctrl-C."""
        pid = FileLock(self.folder / LOCK).owner()
        if self.runs() and pid.isdigit():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGINT)

    def more(self) -> list[dict[str, Any]]:
        """What was said since; the last thing that is ever said is an `exit`."""
        runs = self.runs()  # asked first: what was said before its end is then found
        with open(self.folder / EVENTS, "rb") as file:
            file.seek(self.read)
            data = file.read()
        whole, end, _ = data.rpartition(b"\n")
        self.read += len(whole) + len(end)
        found = [decode(line) for line in whole.split(b"\n") if line]
        if not runs and not (found and found[-1].get("frame") == "exit"):
            found += _killed(self.folder.parents[2].name)
        return found


def _killed(environment: str) -> list[dict[str, Any]]:
    error = {
        "message": "the process that carried it on the host was killed",
        "hint": f"the keeper there finishes or undoes it within seconds; see `fairlead status {environment}`",
        "exit_code": 1,
    }
    return [{"frame": "error", "error": error}, {"frame": "exit", "code": 1}]


class Operations:
    """All of an environment."""

    def __init__(self, place: Place) -> None:
        self._folder = place.remote / "operations"

    def all(self) -> list[Operation]:
        """The newest first."""
        with suppress(FileNotFoundError):
            names = sorted((int(one.name) for one in self._folder.iterdir() if one.name.isdigit()), reverse=True)
            return [Operation(self._folder / str(name)) for name in names]
        return []

    def last(self) -> Operation | None:
        """The newest one that runs; when none does, the newest of all."""
        there = self.all()
        return next((one for one in there if one.runs()), there[0] if there else None)

    def used(self) -> set[str]:
        """The checkouts that somebody works in."""
        return {str(one.facts.get("checkout")) for one in self.all() if one.runs()}

    def begin(self, facts: dict[str, Any], act: Act) -> Operation:
        """Have `act` done. FairleadError when it could not be begun."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with held_lock(self._folder / ".lock", str(os.getpid()), "the list of operations", wait=10):
            there = self.all()
            for old in there[KEPT - 1 :]:
                if not old.runs():
                    remove_tree(old.folder)
            made = Operation(self._folder / str(there[0].number + 1 if there else 1))
            made.folder.mkdir(mode=0o700)
            (made.folder / EVENTS).touch(0o600)
            write_json(made.folder / FACTS, facts | {"time": clock.stamp()}, 0o600)
        if not detached(lambda begun: _carry(made.folder, act, begun), made.folder / "log"):
            log = made.folder / "log"
            raise FairleadError("the operation could not be begun on the host", f"see {log} there")
        return made


def _carry(folder: Path, act: Act, begun: Callable[[], None]) -> None:
    """In the process of its own."""
    lock = FileLock(folder / LOCK)
    lock.acquire(str(os.getpid()), blocking=True)  # who looks whether it runs holds it for that moment
    emit = writer(os.open(folder / EVENTS, os.O_WRONLY | os.O_APPEND))
    begun()
    emit({"frame": "exit", "code": act(emit)})  # the lock is let go by the end of the process, after all was said


def writer(descriptor: int) -> Emit:
    """Writes what is said, one line each, without known secrets."""

    def emit(frame: dict[str, Any]) -> None:
        line = json.dumps(concealed_data(frame), separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(descriptor, line) :]

    return emit
