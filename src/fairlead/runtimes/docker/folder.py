"""The folder of an instance that is a container.

instances/ID/spec.json   what it was asked to be; placeholders and values of secrets are filled in at each creation
instances/ID/starts      a line for each start that was seen: the process of this machine that it is
instances/ID/seen.*      the last of them, as the engine names it
instances/ID/verified    the start that passed its readiness check: as the engine names it, and its process
instances/ID/address     where that was asked; the keeper asks there whether it still lives
instances/ID/ending      the start that was told to end
instances/ID/seat        the number of its address, where it has one that stays
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import Any

from fairlead.engine.facts import ContainerFacts
from fairlead.errors import FairleadError
from fairlead.project.stack import from_data
from fairlead.render.networks import BACKEND, EDGELESS
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.folder import InstanceFolder
from fairlead.system import processes
from fairlead.system.files import write_file

MOST_LINES = 50  #: of starts, before all but the last are left out and counted
SLACK = 10.0  #: seconds beyond its grace after which one that was told to end, and did not, was not told


class ContainerFolder(InstanceFolder):
    """The files of one instance."""

    def instance_spec(self) -> InstanceSpec | None:
        """As it was stored; None when there is none, or it is damaged."""
        data = self.spec()
        return from_data(InstanceSpec, _with_asks(data)) if data and not data.get("damaged") else None

    def saw(self, facts: ContainerFacts) -> None:
        """Write down this start, once whoever sees it first: the keeper waits for the end of its process.

        Also one that is over: what ends at once has never been seen running.
        """
        if not facts.last_start:
            return
        seen = self.path / f"seen.{hashlib.sha256(facts.last_start.encode()).hexdigest()[:16]}"
        with suppress(OSError, FairleadError):  # seen by another one; or a full disk, and it is seen again
            seen.touch(0o600, exist_ok=False)
            self._add_start(_process(facts))
            for other in self.path.glob("seen.*"):
                if other != seen:
                    other.unlink(missing_ok=True)

    def ended_unnoticed(self, facts: ContainerFacts) -> bool:
        """Whether its process is gone though the engine still says that it runs: the kernel knows first."""
        pid = self.starts().last.partition(" ")[0]
        return facts.running and facts.pid != 0 and pid == str(facts.pid) and processes.look(facts.pid) is None

    def _add_start(self, line: str) -> None:
        before = self.starts()
        if before.last and len(before) % MOST_LINES == 0:
            write_file(self.starts_file, f"# {len(before)} earlier\n{line}\n", 0o600)
            return
        with self.starts_file.open("a") as file:
            file.write(f"{line}\n")

    def found_ready(self, facts: ContainerFacts, address: str) -> None:
        """This start passed its check, at that address of it (empty: by a command in it)."""
        if address:
            write_file(self.path / "address", address, 0o600)
        self.verify(facts.start_mark, _process(facts))

    def seat(self) -> int | None:
        """The number of its address; None when it has none that stays."""
        try:
            return int((self.path / "seat").read_text())
        except (OSError, ValueError):
            return None

    def take_seat(self, seat: int) -> None:
        """Have this one from now on."""
        write_file(self.path / "seat", str(seat), 0o600)

    def told_to_end(self, facts: ContainerFacts) -> None:
        """This start was sent its signal."""
        write_file(self.path / "ending", facts.start_mark, 0o600)

    def ending(self, facts: ContainerFacts) -> float | None:
        """Seconds since this start was told to end; None when it was not, or that was lost with the engine."""
        path = self.path / "ending"
        try:
            since = time.time() - path.stat().st_mtime
            told = path.read_text() == facts.start_mark
        except FileNotFoundError:
            return None
        return max(0.0, since) if told and since < self.stop().grace + SLACK else None


def _with_asks(stored: dict[str, Any]) -> dict[str, Any]:
    """What an earlier Fairlead stored has names alone, and they counted in each network where the edge may be: so one
    that is started again knows them, and is the same container."""
    if "asks" in stored or not stored.get("names"):
        return stored
    networks = stored.get("container", {}).get("networks") or (BACKEND,)
    shared = tuple(name for name in networks if name not in EDGELESS)
    return stored | ({"asks": dict.fromkeys(stored["names"], shared)} if shared else {})


def _process(facts: ContainerFacts) -> str:
    """The line `PID START` of its first process; where that cannot be seen from here, another one for each start."""
    process = processes.look(facts.pid) if facts.pid else None
    return process.mark if process else f"0 {facts.started}"
