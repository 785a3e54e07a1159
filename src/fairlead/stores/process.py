"""Stores as programs of this machine, under the environment's supervisord, on its loopback."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairlead.certificates.internal import InternalCa
from fairlead.certificates.kept import KeptCertificate
from fairlead.engine.differences import Difference
from fairlead.engine.facts import Ran
from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground
from fairlead.render.supervisord import Program
from fairlead.stores import programs
from fairlead.stores.aside import Aside, before, changing
from fairlead.stores.base import Address, Phase, Running, Taken, Values
from fairlead.stores.certificate import have_read
from fairlead.stores.declared import fingerprint
from fairlead.stores.differences import of_listeners, of_program
from fairlead.stores.folder import Kept, Owner, StoreFolder, names
from fairlead.stores.kinds.base import StoreKind
from fairlead.stores.kinds.postgres import Postgres
from fairlead.stores.kinds.table import kind_of
from fairlead.stores.machine import machine_of
from fairlead.stores.majors import here, of
from fairlead.supervisor.supervisor import ProgramState, Supervisor, base_environment, launched
from fairlead.supervisor.survivors import end_program, have_starts, last_started, read_starts
from fairlead.system import sockets
from fairlead.system.commands import Command, run
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place, near
from fairlead.system.ports import Ports

HOSTS = {"postgres": "localhost"}  #: what its certificate is for; all others are at the address
LOOPBACK = "127.0.0.1"
GRACE = 60.0  #: seconds to write down what is in memory
PATIENCE = 30.0  #: seconds for a command
SHOWN = 65536  #: bytes of a log that are looked at
PHASES: dict[str, Phase] = {
    "RUNNING": "running", "STARTING": "starting", "STOPPING": "stopping", "BACKOFF": "starting", "FATAL": "failed",
}  # fmt: skip


@dataclass(frozen=True)
class Here:
    """A store that is a program of this machine."""

    port: int

    def run(self, argv: Sequence[str]) -> Ran:
        """As who Fairlead runs as."""
        outcome = run(Command(tuple(argv), cwd=Path("/"), env=base_environment(), timeout=PATIENCE))
        return Ran(outcome.code, outcome.output)

    def address(self) -> Address | None:
        """On the loopback."""
        return Address(LOOPBACK, self.port)


class ProcessStores:
    """Their files are in `place.stores`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.supervisor = Supervisor(place)
        self.ports = Ports(place.ports)

    def observe(self) -> tuple[Running, ...]:
        """Every store with a declaration."""
        there = names(self.place)
        states = self.supervisor.programs() if there else {}
        return tuple(self._look(name, states.get(program(name))) for name in there)

    def _look(self, name: str, state: ProgramState | None) -> Running:
        path = self.place.stores / name
        kept = StoreFolder(path, path).kept()
        if kept is None:
            raise FairleadError(f"{path}: store.json is gone", "deploy again to have it anew")
        phase = PHASES.get(state.state, "stopped") if state else "stopped"
        if phase == "stopped" and last_started(path / "starts"):
            phase = "running"  # it outlived the supervisord that started it, and serves
        mark = read_starts(path / "starts").last if phase in ("running", "starting") else ""
        return Running(kept.store, kept.fingerprint, phase, mark)

    def address(self, store: Store) -> Address | None:
        """On the loopback, at the port that it keeps."""
        path = self.place.stores / store.name
        kept = StoreFolder(path, path).kept()
        return Address(HOSTS.get(store.kind, LOOPBACK), kept.port) if kept else None

    def taken(self) -> tuple[Taken, ...]:
        """Where somebody listens at the port of one that runs."""
        ports = {one.name: self.address(one.store) for one in self.observe() if one.living}
        table = sockets.listeners()
        return tuple(Taken(name, row.address, row.port) for name, where in ports.items() for row in table
                     if where and row.port == where.port)  # fmt: skip

    def socket(self, store: Store) -> Address | None:
        """Beside its data."""
        path = self.place.stores / store.name
        if StoreFolder(path, path).kept() is None:
            return None
        _, ground, _ = self._known(store.name)
        return Address(ground.near, ground.port)

    def have(self, store: Store, values: Values, image: str = "") -> None:
        """Files first, then the program."""
        kind = kind_of(store)
        folder = self._folder(store)
        found = programs.require(kind.programs, f"store {store.name}", of(folder.data))
        running = next((one for one in self.observe() if one.name == store.name and one.living), None)
        folder.create()
        if kind.port != Postgres.port:  # which makes it itself
            folder.data.mkdir(mode=0o700, exist_ok=True)
        port = self._port(folder, running is not None)
        ground = replace(self._ground(store, folder, port, found), machine=machine_of(folder.data))
        folder.write(kind.files(store, ground, values))
        if kind.certified(store) and not running:
            self._certify(folder)
            folder.note_read()
        folder.give()
        folder.keep(Kept(store, fingerprint(store), port))
        self._describe(kind, store, ground, folder)
        self._begin(store)

    def _port(self, folder: StoreFolder, runs: bool) -> int:
        """The one it has, as long as nobody else took it."""
        kept = folder.kept()
        if kept and (runs or sockets.bindable(kept.port)):
            return kept.port
        return self.ports.take(str(folder.path))

    def _describe(self, kind: StoreKind, store: Store, ground: Ground, folder: StoreFolder) -> None:
        """What the launcher reads."""
        have_starts(folder.path / "starts")
        write_json(folder.path / "spec.json", self._description(kind, store, ground, folder), 0o600)

    def _description(self, kind: StoreKind, store: Store, ground: Ground, folder: StoreFolder) -> dict[str, Any]:
        first, *rest = kind.argv(store, ground)
        return {
            "argv": [programs.SHELL if first == "sh" else first, *rest], "cwd": "/", "log": str(folder.path / "log"),
            "starts": str(folder.path / "starts"), "env": base_environment() | kind.env(store, ground),
            "user": [folder.owner.name, folder.owner.uid, folder.owner.gid] if folder.owner else None,
        }  # fmt: skip

    def _begin(self, store: Store) -> None:
        name = program(store.name)
        if last_started(self.place.stores / store.name / "starts"):
            return
        self.supervisor.start()
        argv = launched(self.place.stores / store.name / "spec.json")
        self.supervisor.add([Program(name, argv, kind_of(store).stop_signal, GRACE, retries=1000, priority=0)])
        self.supervisor.begin([name])

    def start(self, names: Collection[str]) -> None:
        """From the files that there are."""
        for one in self.observe():
            if one.name in names and not one.living:
                self._begin(one.store)

    def ask(self, name: str) -> str:
        """By its kind."""
        store, ground, reach = self._known(name)
        if last_started(self.place.stores / name / "starts") is None:
            return "it does not run"
        return kind_of(store).ask(store, ground, reach)

    def settle(self, store: Store, values: Values) -> None:
        """By its kind. What it declares now is written down, so that whoever asks it later knows."""
        _, ground, reach = self._known(store.name)
        kind_of(store).settle(store, ground, reach, values)

    def renew(self, names: Collection[str], now: datetime | None = None) -> tuple[str, ...]:
        """New ones count for new connections."""
        moment = now or datetime.now(UTC)
        return tuple(name for name in names if self._renewed(name, moment))

    def _renewed(self, name: str, now: datetime) -> bool:
        store, ground, reach = self._known(name)
        folder = self._folder(store)
        if not kind_of(store).certified(store):
            return False
        self._certify(folder)
        return have_read(store, folder, ground, reach, lambda: self._restart(store), now)

    def _restart(self, store: Store) -> None:
        self.stop([store.name])
        self._begin(store)

    def unread(self) -> tuple[Running, ...]:
        """By what is written down."""
        return tuple(one for one in self.observe() if one.living and self._folder(one.store).unread())

    def stop(self, names: Collection[str]) -> None:
        """All at once."""
        known = self.supervisor.programs()
        self.supervisor.end([program(name) for name in names if program(name) in known])
        for name in names:
            end_program(self.supervisor, program(name), self.place.stores / name / "starts", GRACE)

    def remove(self, name: str) -> None:
        """Its data stays, and so does its port."""
        self.supervisor.remove([program(name)])
        store, _, _ = self._known(name)
        self._folder(store).forget()

    def set_aside(self, name: str) -> None:
        """Its program is forgotten, what it was told stays beside."""
        store, _, _ = self._known(name)
        aside = Aside(self._folder(store))
        if kept := aside.folder.kept():
            aside.note(kept)
        self.stop([name])
        self.supervisor.remove([program(name)])
        aside.put_aside()

    def bring_back(self, name: str) -> bool:
        """With what it was told, so with the same programs of this machine too."""
        found = before(self.place.stores / name)
        if found is None:
            return False
        if found.well:
            self.let_go(name)
            return False
        self.stop([name])
        self.supervisor.remove([program(name)])
        aside = Aside(self._folder(found.kept.store))
        aside.bring_back(found)
        aside.forget()
        self.start([name])
        return True

    def let_go(self, name: str) -> None:
        """Files alone."""
        if found := before(self.place.stores / name):
            aside = Aside(self._folder(found.kept.store))
            aside.note_well(found)
            aside.forget()

    def changing(self) -> tuple[str, ...]:
        """By what is written down."""
        return changing(self.place)

    def starts(self, name: str) -> int:
        """All there ever were."""
        return len(read_starts(self.place.stores / name / "starts"))

    def unfit(self, store: Store, image: str = "") -> str:
        """By the version of PostgreSQL of this machine, and of the data."""
        return here(store, self._folder(store).data) if store.kind == "postgres" else ""

    def differences(self, name: str) -> tuple[Difference, ...]:
        """By what its launcher reads and where it listens."""
        store, ground, _ = self._known(name)
        kind, folder = kind_of(store), self._folder(store)
        phase = next(one.phase for one in self.observe() if one.name == name)
        wanted = self._description(kind, store, ground, folder) | {"env": kind.env(store, ground)}
        written = read_json(folder.path / "spec.json") or {}
        taken = [one.address for one in self.taken() if one.name == name]
        found = of_program(phase, wanted, written, kind.programs, folder.data)
        return (*found, *of_listeners(taken))

    def log_tail(self, name: str, lines: int) -> str:
        """Of its own log."""
        path = self.place.stores / name / "log"
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - SHOWN))
            text = file.read().decode(errors="replace")
        return masked("\n".join(text.splitlines()[-lines:]))

    def _known(self, name: str) -> tuple[Store, Ground, Here]:
        path = self.place.stores / name
        kept = StoreFolder(path, path).kept()
        if kept is None:
            raise FairleadError(f"store {name} was never made", f"deploy: fairlead deploy {self.place.environment}")
        folder = self._folder(kept.store)
        found = {one: programs.find(one, of(folder.data)) or one for one in kind_of(kept.store).programs}
        return kept.store, self._ground(kept.store, folder, kept.port, found), Here(kept.port)

    def _folder(self, store: Store) -> StoreFolder:
        """What runs as another user is in a folder that this user gets into. Refused when there is none."""
        path, owner = self.place.stores / store.name, passage(self.place, store)
        return StoreFolder(path, outside(self.place, store.name), owner) if owner else StoreFolder(path, path)

    def _ground(self, store: Store, folder: StoreFolder, port: int, found: dict[str, str]) -> Ground:
        socket = near(folder.data, f".s.PGSQL.{port}")
        owner: tuple[Owner, ...] = (folder.owner,) if folder.owner else ()
        users = (pwd.getpwuid(os.geteuid()).pw_name, *(one.name for one in owner))
        known = self.authority_pem() if store.tls else ""
        return Ground(
            str(folder.data), str(folder.conf), port, ".", str(socket), programs=found, users=users, authority=known
        )

    def _certify(self, folder: StoreFolder) -> None:
        kept = KeptCertificate(folder.certificate)
        kept.renew(InternalCa.of(self.place), ("localhost", folder.name), (LOOPBACK, "::1"))

    def authority(self, store: Store) -> str:
        """Where it lies: services are programs of this machine too."""
        return str(InternalCa.of(self.place).root_path)

    def authority_pem(self) -> str:
        """That of the project."""
        return InternalCa.of(self.place).root_pem


def program(store: str) -> str:
    """What supervisord calls it."""
    return f"store.{store}"


def passage(place: Place, store: Store) -> Owner | None:
    """Who runs it where Fairlead itself may not. Refused when that user cannot get to its folder, or is not there."""
    owner = programs.unprivileged() if store.kind == "postgres" else None
    if owner:
        programs.require_passage(outside(place, store.name).parent, owner)
    return owner


def outside(place: Place, name: str) -> Path:
    """The folder of a store that runs as another user."""
    return place.root.parent.parent / "stores" / f"{place.project}.{place.environment}.{name}"
