"""The edge of one environment on the runtime `docker`: Traefik in a container, beside a door that holds the addresses.

edge/config/       what Traefik reads: static files, dynamic folder; a folder, so that a rename is seen inside
edge/log/          what it writes
edge/edge.json     the shape it was given last
edge/lock          held by whoever changes its containers
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fairlead.edges.traefik.api import TraefikApi
from fairlead.edges.traefik.boxes import Boxes, Seen, Shape, networks_for, redirecting_program
from fairlead.edges.traefik.common import TraefikFiles, readable
from fairlead.edges.traefik.differences import parts, prepare_mending
from fairlead.edges.traefik.replacement import Replacement
from fairlead.engine.differences import Difference
from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.project.stack import from_data, to_data
from fairlead.render import entrypoints, tls, traefik
from fairlead.render.edge import EdgeTable, Members
from fairlead.render.edge_containers import DOOR, TRAEFIK, api_port
from fairlead.render.entrypoints import DEPUTY, MAIN
from fairlead.system import processes
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file, write_json
from fairlead.system.home import Place
from fairlead.system.lock import FileLock, held_lock

BUSY = 120.0  #: seconds another one who changes the containers is waited for
STARTS = 45.0  #: seconds a Traefik may take to have its routes, on a machine where everything waits
ROUND = 3.0  #: seconds until door and Traefik are looked at anew meanwhile
FRESH = 1.0  #: seconds an address is taken for true
_PROOFS = re.compile(f'"((?:{traefik.REVISION}|{entrypoints.OWN}|{tls.TLS})[0-9a-f]{{16}})"')


class ContainerEdge(TraefikFiles):
    """It is reached through ports that the door publishes; its API at the door's address, which nobody publishes."""

    def __init__(self, place: Place, engine: Engine | None = None) -> None:
        super().__init__(place, place.edge / "log")
        self.boxes = Boxes(engine or Engine(), Owner.of(place), place.edge / "config", place.edge / "log")
        self.replacement = Replacement(self.boxes, self._api, self._proofs, self._have_own_routers)
        self._looked: tuple[float, Seen] = (0.0, Seen())
        self._stands = False  #: whether what runs is what the table needs

    @property
    def configuration(self) -> Path:
        """The folder that Traefik reads."""
        return self.boxes.configuration

    @property
    def api(self) -> TraefikApi:
        """That of the Traefik that serves in peace."""
        return self._api(MAIN)

    def _api(self, role: str) -> TraefikApi:
        return TraefikApi(api_port(role), self._secret("key"), self._address())

    def _address(self) -> str:
        return self._door().address

    def _door(self) -> Seen:
        """It changes when the door is started anew; the engine takes some milliseconds to say it."""
        moment, seen = self._looked
        if not seen.address or time.monotonic() - moment > FRESH:
            seen = self.boxes.seen() if self.listen else Seen()
            self._looked = (time.monotonic(), seen)
        return seen

    def _forget(self) -> None:
        self._looked = (0.0, Seen())

    def members(self) -> Mapping[str, Members]:
        """By the door's own place in each network, as the engine says it now: whatever made it, or made it anew."""
        return self._door().members

    @property
    def shape(self) -> Shape | None:
        """What it is to be; None before the first table."""
        stored = readable(self.folder / "edge.json")
        try:
            return from_data(Shape, stored) if isinstance(stored, dict) else None
        except (TypeError, ValueError):
            return None  # damaged: the next table says it again

    @property
    def listen(self) -> EdgeSettings | None:
        """Where requests come in; None before the first table."""
        shape = self.shape
        return shape.listen if shape else None

    def _put(self, path: Path, text: str) -> bool:
        if path.exists() and path.read_bytes() == text.encode():
            return False
        self.boxes.put(path, text)
        return True

    def _proofs(self) -> tuple[str, ...]:
        """The names that prove that every file in the folder is in force."""
        files = (self._dynamic / name for name in ("own.yml", "routes.yml", "tls.yml"))
        return tuple(name for file in files if file.exists() for name in _PROOFS.findall(file.read_text())[:1])

    @contextmanager
    def _held(self) -> Iterator[None]:
        with held_lock(self.folder / "lock", "the edge", "the edge", BUSY):
            yield

    def prepare(self) -> None:
        """Have Traefik's image, from its registry where it is not here yet."""
        self.boxes.have_image()

    def up(self) -> None:
        """Have its containers run. Nothing happens before the first table, nor while another one changes them."""
        shape = self.shape
        if shape is None:
            return
        self._renew_when_due()
        if self._serves() and self.boxes.facts(TRAEFIK[MAIN]):
            self.boxes.retired.sweep()
            self._note_starts()
            return
        lock = FileLock(self.folder / "lock")
        if not lock.acquire("the edge"):
            return
        try:
            self._settle(shape)
        finally:
            lock.release()
        self._note_starts()

    def _serves(self) -> bool:
        alone = self._joined() and self.api.alive() and self.boxes.facts(TRAEFIK[DEPUTY]) is None
        return alone and not self.boxes.redirects()

    def _joined(self) -> bool:
        """Whether the door is where it is to be; somebody may have taken it out of a network."""
        shape = self.shape
        return shape is not None and set(shape.networks) <= self.members().keys()

    def _settle(self, shape: Shape) -> None:
        """From whatever there is to a door and one Traefik that answers."""
        self.boxes.have_folders()
        self._have_own_routers()
        end = time.monotonic() + STARTS
        while not self._beside(shape):
            if time.monotonic() >= end:
                raise FairleadError(f"Traefik does not answer{self.boxes.said(MAIN)}", self._log_hint())

    def _beside(self, shape: Shape) -> bool:
        """Have a door, and Traefik beside it; whether it shows its routes before long.

        Else all is looked at anew. A door that the kernel has just killed runs by what the engine says, which starts it
        again a moment later: then Traefik is beside none.
        """
        self.boxes.have_door(shape)
        self._forget()
        self.replacement.finish(shape)
        self.boxes.have_traefik(shape, MAIN)
        self.boxes.retired.sweep()
        return wait_until(self._shows_all, ROUND, 0.02, 0.1)

    def _shows_all(self) -> bool:
        """Whether it has its routes: until then it answers everything with 404."""
        return all(self.api.has_middleware(proof) for proof in self._proofs())

    def _note_starts(self) -> None:
        """Write down which processes they are, so that the keeper notices when one ends."""
        for short, folder in ((TRAEFIK[MAIN], self.folder), (DOOR, self.folder / "door")):
            found = self.boxes.facts(short)
            process = processes.look(found.pid) if found and found.pid else None
            path, line = folder / "starts", f"{process.pid} {process.started}\n" if process else "\n"
            folder.mkdir(exist_ok=True)
            if not path.exists() or path.read_text() != line:
                with suppress(FairleadError):  # a full disk: what is there stays, and the next look writes it down
                    write_file(path, line, 0o600)

    def _wanted(self, table: EdgeTable) -> Shape | None:
        """What the table needs. Ports that nobody asks at any more stay until there is another reason to replace it."""
        before = self.shape
        listen = table.listen or (before.listen if before else None)
        if listen is None:
            return None
        asked = {*table.inner, *(route.port for route in table.routes if route.port)}
        kept = before.inner if before else ()
        networks = networks_for((*table.networks, *(before.networks if before else ())))
        return Shape(listen, self.boxes.image(), tuple(sorted({*kept, *asked})), networks)

    def _ready_for(self, table: EdgeTable) -> None:
        """Replaced without a gap where the table needs another Traefik. The door is in all networks of the table before
        that is written: it says who is in them."""
        before, wanted = self.shape, self._wanted(table)
        serves = self._serves()
        self._stands = bool(before and before == wanted and serves and self.boxes.is_current(before, MAIN))
        if self._stands or wanted is None:
            return
        if before and serves and self._to_replace(before, wanted):
            self._replace(wanted)
        else:
            self._have_joined(wanted)
        self._forget()

    def _to_replace(self, before: Shape, wanted: Shape) -> bool:
        """Not where it is only to be in more networks; nor where what is published changes: that needs another door,
        and a moment without one."""
        return (
            not self.boxes.is_current(wanted, MAIN)
            and self._same_door(before, wanted)
            and redirecting_program() is not None
        )

    def _replace(self, wanted: Shape) -> None:
        with self._held():
            self.boxes.have_door(wanted)
            self.replacement.start(wanted)
            self._keep(wanted)
            self.replacement.finish(wanted)

    def _have_joined(self, wanted: Shape) -> None:
        if self.shape is None:
            self._keep(wanted)  # before there is a door that nobody knows of
        with self._held():
            self.boxes.have_joined(wanted)

    def _same_door(self, before: Shape, wanted: Shape) -> bool:
        published = [(one.listen.http, one.listen.https, one.listen.address) for one in (before, wanted)]
        return published[0] == published[1]

    def _keep(self, shape: Shape) -> None:
        if shape != self.shape:
            write_json(self.folder / "edge.json", to_data(shape), 0o600)

    def _started_for(self, table: EdgeTable) -> None:
        wanted = None if self._stands else self._wanted(table)
        if wanted is None:
            return
        self._keep(wanted)
        with self._held():
            self._settle(wanted)
        self._note_starts()

    def differences(self) -> tuple[tuple[str, Difference], ...]:
        """Of its containers, by what the engine says of each."""
        shape = self.shape
        return (*self._strays(), *(parts(self.boxes, shape) if shape else ()))

    def mend(self) -> None:
        """See `differences.prepare_mending`; then all of it is had, as ever."""
        shape = self.shape
        if shape is None:
            return
        with self._held():
            prepare_mending(self.boxes, self.replacement, shape, self._serves())
            self._settle(shape)
        self._note_starts()

    def unlike(self, table: EdgeTable) -> tuple[str, ...]:
        """Also by what its container is."""
        shape = self.shape
        own = (TRAEFIK[MAIN],) if shape and not self.boxes.is_current(shape, MAIN) else ()
        return (*own, *super().unlike(table))

    def published(self) -> tuple[int, ...]:
        """The ports of this machine that its door has now."""
        door = self.boxes.facts(DOOR)
        bound = door.raw["NetworkSettings"].get("Ports") or {} if door and door.running else {}
        return tuple(int(one["HostPort"]) for ends in bound.values() for one in ends or ())

    def route(self, table: EdgeTable) -> None:
        """See `TraefikFiles.route`; the folders have to be there first, for the user that the containers run as."""
        self.boxes.have_folders()
        super().route(table)

    def down(self) -> None:
        """End its containers, what is being answered first."""
        with self._held():
            self.boxes.end()
        self._forget()

    def _log_hint(self) -> str:
        return f"its log: {self.folder / 'log' / 'traefik.log'}, and docker logs {self.boxes.name(TRAEFIK[MAIN])}"
