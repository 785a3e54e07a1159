"""What every Traefik has in common, wherever it runs: its files, what it is told, what it is asked."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.edges.base import Traffic
from fairlead.edges.counters import Counters
from fairlead.edges.traefik.accesslog import AccessLog
from fairlead.edges.traefik.api import TraefikApi
from fairlead.edges.traefik.tls import EdgeCertificates
from fairlead.engine.differences import Difference
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.render import entrypoints, traefik
from fairlead.render.edge import RELEASE_COOKIE, RELEASE_HEADER, EdgeTable, Members
from fairlead.render.tls import is_sound, tls_file
from fairlead.system import http
from fairlead.system.clock import wait_until
from fairlead.system.files import read_json, write_file
from fairlead.system.home import Place
from fairlead.system.http import Answer

if TYPE_CHECKING:
    from fairlead.certificates import Certificate

DEFAULT_PORT = 8080
CONFIRM = 30.0  #: seconds a new table may take to be in force, on a machine where everything waits
GRACE = 35.0  #: a little more than Traefik's own graceTimeOut
FILES = ("own.yml", "routes.yml", "tls.yml")  #: what it reads while it runs, all of it ours
STRAYS = "somebody else's file"  #: of somebody else, which it reads as it reads ours
_SECRET = re.compile(rb"[0-9a-f]{32}")


class TraefikFiles(ABC):
    """Files in `place.edge`; `route` is the only thing that changes what users get.

    What runs them says where it listens and how it is started; see the protocol in `edges.base` for what is public.
    """

    def __init__(self, place: Place, logs: Path) -> None:
        self.place = place
        self.folder = place.edge
        self.certificates = EdgeCertificates(place)
        self._log = AccessLog(logs / "access.log")

    @property
    def configuration(self) -> Path:
        """The folder that Traefik reads."""
        return self.folder

    @property
    @abstractmethod
    def api(self) -> TraefikApi:
        """Its API."""

    @property
    @abstractmethod
    def listen(self) -> EdgeSettings | None:
        """Where requests come in; None before the first table."""

    @abstractmethod
    def prepare(self) -> None:
        """Have here what it is made of."""

    @abstractmethod
    def up(self) -> None:
        """Have it running and answering its own API."""

    @abstractmethod
    def down(self) -> None:
        """Stop it and wait until it is gone."""

    @abstractmethod
    def _ready_for(self, table: EdgeTable) -> None:
        """Have what runs able to take the table, before that is written; nothing where nothing runs."""

    @abstractmethod
    def _started_for(self, table: EdgeTable) -> None:
        """Have it run, as the table says, after that was written."""

    @abstractmethod
    def _log_hint(self) -> str:
        """Where its own log is."""

    def _put(self, path: Path, text: str) -> bool:
        """Write a file that it reads, if it says something else now. Whether it did.

        Each thing that happens in the folder has Traefik read it, and then wait for `THROTTLE`: only the rename may.
        """
        if path.exists() and path.read_bytes() == text.encode():
            return False
        write_file(path, text, 0o600, via=self.configuration)
        return True

    @property
    def _dynamic(self) -> Path:
        return self.configuration / "dynamic"

    @property
    def _routes(self) -> Path:
        return self._dynamic / "routes.yml"

    def _have_own_routers(self, shedding: Iterable[str] = ()) -> str:
        """Routers to its own services, in a file of their own: they are there before the first table."""
        self._dynamic.mkdir(mode=0o700, exist_ok=True)
        text, proof = entrypoints.own_file(self._secret("key"), shedding)
        self._put(self._dynamic / "own.yml", text)
        return proof

    def _have_certificates(self, hosts: Iterable[str], listen: EdgeSettings | None) -> str:
        """What it serves https with, in a file of its own, and the name that proves it is in force; "" without https.

        Without https it has a placeholder, see there. The file is written before Traefik is started, so that nobody is
        ever shown Traefik's own certificate.
        """
        if listen is None:
            return ""
        self._dynamic.mkdir(mode=0o700, exist_ok=True)
        if not listen.https:
            if pair := self.certificates.placeholder():
                self._put(self._dynamic / "tls.yml", tls_file([pair])[0])
            return ""
        found = self.certificates.have(hosts, listen)
        text, proof = tls_file([(one.cert_pem, one.key_pem.reveal()) for one in found])
        self._put(self._dynamic / "tls.yml", text)
        self.certificates.note(found)
        return proof

    def renew(self, given: Sequence[Certificate] | None = None) -> None:
        """Write them down, and into the file that Traefik reads; it takes them without a restart."""
        if given is not None:
            self.certificates.give(given)
        proof = self._have_certificates((), self.listen)
        if proof and self.api.alive():
            self._confirm(proof, self._dynamic / "tls.yml")

    def _renew_when_due(self) -> None:
        listen = self.listen
        if listen and listen.https and self.certificates.due():
            self.renew()

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
        self._have_own_routers()
        proof = self._have_certificates(_hosts(table), table.listen or self.listen)
        self._ready_for(table)
        text, revision = traefik.dynamic_file(table, self.token(), self.members())
        before = self._routes.read_text() if self._routes.exists() else None
        if before != text:
            self._have_shown_another(revision, before or "", text)
            self._put(self._routes, text)
        self._started_for(table)
        if self.listen is None:
            return  # nobody has been routed to yet, so there is no edge that could be wrong
        self._confirm(revision, self._routes)
        if proof:
            self._confirm(proof, self._dynamic / "tls.yml")
        try:
            self._require_sound(table)
        except FairleadError:
            if before is not None:
                self._put(self._routes, before)
            raise

    def _have_shown_another(self, revision: str, before: str, text: str) -> None:
        """A file that somebody edited has the revision of the one that is to come: so that this proves something, the
        same is put in force under another one first."""
        if revision in before and self.api.alive():
            other = traefik.REVISION + hashlib.sha256(before.encode()).hexdigest()[:16]
            self._put(self._routes, text.replace(revision, other))
            self._confirm(other, self._routes)

    def _confirm(self, name: str, path: Path) -> None:
        if not wait_until(lambda: self.api.has_middleware(name), CONFIRM, most=0.02):
            raise FairleadError(f"Traefik did not take {path} within {CONFIRM:g} s", self._log_hint())

    def _require_sound(self, table: EdgeTable) -> None:
        raw = self.api.raw() or {}
        faulty = [name for name, router in raw.get("routers", {}).items() if router.get("status") == "disabled"]
        if faulty:
            raise FairleadError(f"Traefik refuses {', '.join(faulty)}", self._log_hint())
        wanted = {traefik.key_of(route): dict(route.weights) for route in table.routes}
        if _weights(raw) != wanted:
            raise FairleadError("Traefik shows other weights than were written", self._log_hint())

    def table_in_force(self) -> dict[str, dict[str, int]]:
        """Weights by route, as the API shows them; empty when nothing answers."""
        return _weights(self.api.raw() or {})

    def unlike(self, table: EdgeTable) -> tuple[str, ...]:
        """By the file that it reads, which somebody may have edited."""
        wanted = traefik.parts_of(traefik.dynamic_file(table, self.token(), self.members())[0])
        try:
            found = traefik.parts_of(self._routes.read_text())
        except (OSError, ValueError):
            return (*self._edited(), self._routes.name)
        return (*self._edited(), *sorted(name for name in wanted | found if wanted.get(name) != found.get(name)))

    def _edited(self) -> Iterator[str]:
        """Its other files, where somebody has changed one. That of certificates is known by its own proof."""
        own, certificates = self._dynamic / "own.yml", self._dynamic / "tls.yml"
        if not own.exists() or own.read_text() != entrypoints.own_file(self._secret("key"))[0]:
            yield own.name
        if certificates.exists() and not is_sound(certificates.read_text()):
            yield certificates.name

    def _strays(self) -> Iterator[tuple[str, Difference]]:
        """Files of somebody else that Traefik reads as it reads ours."""
        for path in sorted(self._dynamic.iterdir()) if self._dynamic.is_dir() else ():
            if path.name not in FILES:
                yield "traefik", Difference(STRAYS, "", str(path))

    def members(self) -> Mapping[str, Members]:
        """Services have no names here."""
        return {}

    def traffic(self) -> Traffic:
        """Good answers from the counters, 5xx and the edge's own from the access log; see `accesslog`.

        Copies of requests and those by the secret header, Fairlead's own, are none of any user's: left out.
        """
        counts, started, reloads = self.api.counters()
        process = self._process() if started else ""  # 0: it does not answer
        errors, edge_made = self._log.read(started, process) if started else ({}, 0)
        releases: dict[str, dict[int, int]] = {}
        others = (traefik.SHADOW, traefik.DIRECT)
        asked = {key: n for key, n in counts.items() if key[1] < 500 and not key[0].startswith(others)}
        for (service, code), count in (asked | errors).items():
            codes = releases.setdefault(service.rpartition("-")[2], {})
            codes[code] = codes.get(code, 0) + count
        return Traffic(releases, edge_made, started, reloads, process)

    def _process(self) -> str:
        """The mark of the one that its API is of; empty where nobody can say for sure."""
        return ""

    def counters(self) -> Counters:
        """One look at `/metrics`. Each attempt of a request counts for itself, unlike in `traffic`."""
        try:
            return self.api.metrics()
        except (FairleadError, OSError) as error:  # its folder is damaged, or the disk full
            return Counters(error=f"the edge could not be asked: {error}")

    def address(self) -> tuple[str, int]:
        """Where this machine reaches it: by https, where there is that."""
        listen = self.listen or EdgeSettings()
        return listen.address or "127.0.0.1", listen.https or listen.http or DEFAULT_PORT

    def scheme(self) -> str:
        """What users come by: https, where there is that."""
        return "https" if self.listen and self.listen.https else "http"

    def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        """A request on a fresh connection to the public port."""
        address, port = self.address()
        sent = headers | ({"Host": host} if host else {})
        try:
            tls = self.certificates.tls(host) if self.scheme() == "https" else None
        except (FairleadError, OSError) as error:
            return Answer(0, error=str(error))
        return http.get(port, path, timeout, sent, address, tls)

    def release_header(self, release: str) -> dict[str, str]:
        """See `render.traefik.header_value`."""
        return {RELEASE_HEADER: traefik.header_value(self.token(), release)}

    def release_cookie(self, release: str) -> tuple[str, str]:
        """See `render.traefik.cookie_value`."""
        return RELEASE_COOKIE, traefik.cookie_value(self.token(), release)


def readable(path: Path) -> object:
    """The JSON in a file; None when it is not there or damaged."""
    try:
        return read_json(path)
    except FairleadError:
        return None


def _hosts(table: EdgeTable) -> tuple[str, ...]:
    """Every host that users may ask for, sorted."""
    hosts = {*(route.host for route in table.routes if not route.port), *(route.host for route in table.headers)}
    return tuple(sorted(host for host in hosts if host))


def _weights(raw: dict[str, dict[str, dict[str, dict[str, list[dict[str, object]]]]]]) -> dict[str, dict[str, int]]:
    routes = {}
    for name, service in raw.get("services", {}).items():
        if name.startswith("route-") and "weighted" in service:
            parts = service["weighted"]["services"]
            weights = {traefik.pool_of(str(part["name"])): int(str(part.get("weight", 1))) for part in parts}
            routes[name.removesuffix("@file")] = weights
    return routes
