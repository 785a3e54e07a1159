"""The containers of one edge in an engine: had, looked at, ended. `container` and `replacement` say when."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fairlead.edges.traefik.retired import RetiredTraefiks
from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.failures import EngineError
from fairlead.engine.networks import ensure_named
from fairlead.engine.owner import PREFIX, Owner, label
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.render.addresses import DOOR_SEAT, members, seat_address
from fairlead.render.container import ContainerSpec, Joined
from fairlead.render.edge import Members
from fairlead.render.edge_containers import (
    CONFIGURATION,
    DOOR,
    GRACE,
    IMAGE,
    LOGS,
    LONGEST,
    NO_RULES,
    NOBODY,
    REDIRECT,
    RULES,
    STATIC,
    TRAEFIK,
    EdgeBox,
    api_port,
    ports_of,
    redirect_rules,
)
from fairlead.render.entrypoints import static_file
from fairlead.render.networks import FRONTEND
from fairlead.system import http
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file

REDIRECT_WAIT = 20.0  #: seconds the rules may take to be in force
CLOSES = 10.0  #: seconds a Traefik may take to close its ports; it does that first of all
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")  #: where programs and their libraries lie


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything of an edge that Traefik reads only when it starts."""

    listen: EdgeSettings
    image: str  #: id
    inner: tuple[int, ...] = ()  #: ports at which services ask each other
    networks: tuple[str, ...] = ()  #: as the project file calls them


@dataclass(frozen=True, slots=True)
class Seen:
    """What the engine says of a door that runs."""

    address: str = ""  #: where this machine reaches it
    members: Mapping[str, Members] = field(default_factory=dict)
    """Who is with it in each of its networks, as the project file calls them."""


class Boxes:
    """Door, Traefik and deputy of one edge."""

    def __init__(self, engine: Engine, owner: Owner, configuration: Path, logs: Path) -> None:
        self.engine = engine
        self.owner = owner
        self.configuration = configuration
        self.logs = logs
        self.retired = RetiredTraefiks(engine, owner, self._in_its_network)

    def name(self, short: str) -> str:
        """Its name in the engine."""
        return self.owner.name(short)

    def facts(self, short: str) -> ContainerFacts | None:
        """One of them; None when it is not there. EngineError when somebody else's has the name."""
        found = self.engine.container(self.name(short))
        if found and not self.owner.owns(found.labels):
            what = f"container {found.name} is there and is not Fairlead's"
            raise EngineError(what, f"remove it, or rename it: docker rename {found.name} OTHER")
        return found

    def seen(self) -> Seen:
        """The door now."""
        door = self.facts(DOOR)
        if door is None or not door.running:
            return Seen()
        prefix, networks = self.name(""), door.raw["NetworkSettings"].get("Networks") or {}
        ours = {name.removeprefix(prefix): members(one) for name, one in networks.items() if name.startswith(prefix)}
        return Seen(door.addresses.get(self.name(FRONTEND), ""), {name: one for name, one in ours.items() if one})

    def image(self) -> str:
        """The id of Traefik's image. FairleadError when it is not here."""
        found = self.engine.image(IMAGE)
        if found is None:
            raise FairleadError(f"image {IMAGE} is not on this machine", f"docker pull {IMAGE}")
        return found.id

    def have_image(self) -> None:
        """Pull it where it is not here. RegistryError when that does not work."""
        from fairlead.engine.images import Images  # noqa: PLC0415 — only where one is missing, mostly never
        from fairlead.project.image_name import ImageName  # noqa: PLC0415

        if self.engine.image(IMAGE) is None:
            name = ImageName.parse(IMAGE)
            Images(self.engine).pull(name, name.tag or "latest", None, lambda line: None)

    def _box(self, shape: Shape) -> EdgeBox:
        uid, gid = _user()
        shorts = (DOOR, REDIRECT, *TRAEFIK.values())
        names = {short: self.name(short) for short in shorts}
        return EdgeBox(names, self.owner.labels("edge"), shape.image, f"{uid}:{gid}", self.configuration, self.logs)

    def door_spec(self, shape: Shape) -> ContainerSpec:
        """What a door of this shape is made of."""
        return self._box(shape).door(shape.listen, [self.name(one) for one in shape.networks])

    def have_door(self, shape: Shape) -> None:
        """Have it run and in all its networks; what is beside a door that publishes other ports ends with it."""
        spec = self._door(shape)
        mark = replace(spec, image="", networks=()).fingerprint  # these two need no other door
        found = self.facts(DOOR)
        if found and label(found.labels, "spec") != mark:
            self.end()
            found = None
        if found is None:
            self._create(spec, mark)
        elif not found.running:
            self._start_door()
        self._join(spec)

    def have_joined(self, shape: Shape) -> None:
        """Have a door in all its networks; one that runs serves on, also where one that publishes other ports is to
        come."""
        found = self.facts(DOOR)
        if found and found.running:
            self._join(self._door(shape))
        else:
            self.have_door(shape)

    def _door(self, shape: Shape) -> ContainerSpec:
        ensure_named(self.engine, self.owner, shape.networks)
        spec = self.door_spec(shape)
        return replace(spec, networks=tuple(self._seated(one) for one in spec.networks))

    def _create(self, spec: ContainerSpec, mark: str) -> None:
        self.engine.create(replace(spec, labels={**spec.labels, PREFIX + "spec": mark}))
        self._start_door()

    def _start_door(self) -> None:
        try:
            self.engine.start(self.name(DOOR))
        except EngineError as error:
            hint = "set another port under edge.http or edge.https, or stop that program"
            taken = "already" in error.message and ("allocated" in error.message or "in use" in error.message)
            raise EngineError(f"edge: {error.message}", hint if taken else error.hint, error.status) from error

    def _seated(self, one: Joined) -> Joined:
        """With the address that the door always has there, so that services need not ask the engine for it."""
        return replace(one, address=seat_address(self.engine.network(one.network), DOOR_SEAT))

    def _join(self, spec: ContainerSpec) -> None:
        found = self.facts(DOOR)
        there = found.addresses if found else {}
        for one in spec.networks:
            if one.network not in there:
                self.engine.join(self.name(DOOR), one)

    def mark(self, shape: Shape, role: str) -> str:
        """What tells a Traefik of this shape from any other."""
        return hashlib.sha256(
            f"{self.traefik_spec(shape, role).fingerprint} {self.static(shape, role)}".encode()
        ).hexdigest()[:16]

    def traefik_spec(self, shape: Shape, role: str) -> ContainerSpec:
        """What a Traefik of this shape is made of."""
        return self._box(shape).traefik(role)

    def static(self, shape: Shape, role: str) -> str:
        """The file that it reads when it starts."""
        ports = replace(ports_of(role, shape.listen, shape.inner), grace=LONGEST)
        return static_file(ports, Path(CONFIGURATION), Path(LOGS))

    def is_current(self, shape: Shape, role: str) -> bool:
        """Whether the Traefik of that role runs, has this shape, and is beside the door as it is now."""
        found = self.facts(TRAEFIK[role])
        return bool(
            found and found.running
            and label(found.labels, "spec") == self.mark(shape, role) and self._in_its_network(found)
        )  # fmt: skip

    def have_traefik(self, shape: Shape, role: str) -> None:
        """Have it run beside the door as it is now; one of another shape answers what it has, and ends."""
        if self.is_current(shape, role):
            return
        door, found, mark = self.facts(DOOR), self.facts(TRAEFIK[role]), self.mark(shape, role)
        name = self.name(TRAEFIK[role])
        if found and (label(found.labels, "spec") != mark or not door or _beside(found) != door.id):
            self.retire(role)
            found = None
        if found is None:
            self._have_free_ports(role)
            self.put(self.configuration / STATIC[role], self.static(shape, role))
            spec = self.traefik_spec(shape, role)
            self.engine.create(replace(spec, labels={**spec.labels, PREFIX + "spec": mark}))
        elif found.running:  # in the network of a door that is no more
            self.engine.stop(name, 0)
        self.engine.start(name)

    def retire(self, role: str) -> None:
        """Have it take nothing new, and end when its connections have ended; at once where it can have none."""
        found = self._own(TRAEFIK[role])
        if found and found.running and self._in_its_network(found):
            self.retired.take(found)
        else:
            self.end_traefik(role, 0)

    def _in_its_network(self, found: ContainerFacts) -> bool:
        """Whether it is in the network of the door as that runs now."""
        door = self.facts(DOOR)
        return bool(door and door.running and _beside(found) == door.id and _time(found) >= _time(door))

    def _have_free_ports(self, role: str) -> None:
        """Nobody beside the door listens where a Traefik of that role will: who is retired has gone, or is ended."""
        self.retired.dismiss()
        address = self.seen().address
        if not wait_until(lambda: not http.connects(api_port(role), 1.0, address).ok, CLOSES, 0.01, 0.1):
            self.retired.end(0)

    def end_traefik(self, role: str, grace: float) -> None:
        """End and forget it."""
        if found := self._own(TRAEFIK[role]):
            self.engine.stop(found.id, grace)
            self.engine.remove(found.id)

    def _own(self, short: str) -> ContainerFacts | None:
        """One of them; None for somebody else's of that name too."""
        found = self.engine.container(self.name(short))
        return found if found and self.owner.owns(found.labels) else None

    def end(self, grace: float = GRACE) -> None:
        """End and forget all of them; whoever is being answered is answered first."""
        until = time.monotonic() + grace
        for role in TRAEFIK:
            self.end_traefik(role, grace)
        self.retired.end(max(0.0, until - time.monotonic()))
        for found in filter(None, map(self._own, (REDIRECT, DOOR))):
            self.engine.remove(found.id)

    def redirect(self, shape: Shape, on: bool) -> None:
        """Lead new connections to the deputy, or to the main Traefik again; FairleadError when that did not work."""
        rules = redirect_rules(shape.listen, shape.inner) if on else NO_RULES
        self.put(self.configuration / RULES, rules)
        program = redirecting_program()
        if program is None:
            raise FairleadError("there is no iptables on this machine", "install it, as the engine needs it too")
        folders = {folder: os.path.realpath(folder) for folder in _SYSTEM if Path(folder).exists()}
        spec, name = self._box(shape).redirect(program, folders), self.name(REDIRECT)
        if left := self.facts(REDIRECT):
            self.engine.remove(left.id)
        self.engine.create(spec)
        try:
            self.engine.start(name)
            code = self.engine.wait(name, REDIRECT_WAIT)
            if code != 0:
                said = self.engine.log(name, 3).strip().replace("\n", "; ")
                raise FairleadError(f"new connections could not be redirected: {said or f'exit code {code}'}")
        finally:
            self.engine.remove(name)

    def redirects(self) -> bool:
        """Whether new connections may be led to the deputy; where it is gone nobody answers them."""
        try:
            return (self.configuration / RULES).read_text() != NO_RULES
        except FileNotFoundError:
            return False

    def have_folders(self) -> None:
        """Have those that the containers see, for the user they run as."""
        _, group = _user()
        for folder, mode in (
            (self.configuration, 0o2750),
            (self.configuration / "dynamic", 0o2750),
            (self.logs, 0o2770),
        ):
            folder.mkdir(exist_ok=True, parents=True)
            if os.geteuid() == 0:
                os.chown(folder, 0, group)
            folder.chmod(mode)

    def put(self, path: Path, text: str) -> None:
        """Write a file that the containers read: for this user, and for theirs."""
        write_file(path, text, 0o640, via=self.configuration)

    def said(self, role: str) -> str:
        """The last words of a Traefik."""
        lines = self.engine.log(self.name(TRAEFIK[role]), 3).strip().splitlines()
        return ": " + " ".join(lines) if lines else ""


def redirecting_program() -> str | None:
    """This machine's iptables, as a file; None when it has none."""
    found = shutil.which("iptables") or shutil.which("iptables", path="/usr/sbin:/sbin")
    return os.path.realpath(found) if found else None


def _user() -> tuple[int, int]:
    """Whom the containers run as: never root."""
    return (os.geteuid(), os.getegid()) if os.geteuid() else (NOBODY, NOBODY)


def _beside(found: ContainerFacts) -> str:
    """The id of the container whose network it is in."""
    return str(found.raw["HostConfig"]["NetworkMode"]).removeprefix("container:")


def _time(found: ContainerFacts) -> datetime:
    """When it was started; the engine writes nanoseconds, and leaves zeros out."""
    whole, _, part = found.started.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{part[:6]:0<6}+00:00")


def networks_for(more: Iterable[str]) -> tuple[str, ...]:
    """Those an edge is in: what it is reached by first, since what is published comes in there."""
    from fairlead.render.networks import BACKEND  # noqa: PLC0415

    return tuple(dict.fromkeys((FRONTEND, BACKEND, *sorted(more))))
