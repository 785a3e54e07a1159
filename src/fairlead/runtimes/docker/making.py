"""Make the container of an instance, and start it: the same one when nothing about it changed, else another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import PREFIX, Owner, label
from fairlead.engine.volumes import ensure_volumes, own_volumes
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.render.addresses import DOOR_SEAT, free_seat, seat_address
from fairlead.render.container import ContainerSpec
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.docker.folder import ContainerFolder
from fairlead.runtimes.docker.spec import Handed, asking, container_spec, meeting
from fairlead.system.home import Place

RUNS = ("running", "paused", "restarting")


class Making:
    """Makes containers of one environment."""

    def __init__(self, place: Place, engine: Engine, owner: Owner) -> None:
        self.place = place
        self.engine = engine
        self.owner = owner

    def have(self, spec: InstanceSpec, facts: ContainerFacts | None) -> None:
        """Have it started as `spec` says. EngineError when it runs as something else, or cannot be made."""
        if facts and facts.state in RUNS:
            if not self._runs_as(spec, label(facts.labels, "spec")):
                raise EngineError(f"{spec.id} runs, and not as it should", "stop it first, or deploy again")
            return
        self.wanted(spec)  # what cannot be made leaves no folder
        self._folder(spec.id).store(spec)
        self._have_seat(spec)
        self._begin(spec, self.wanted(spec), facts)

    def _runs_as(self, spec: InstanceSpec, mark: str) -> bool:
        """Whether the container with this mark is that. It may know names as an earlier Fairlead gave them."""
        stored = self._folder(spec.id).instance_spec()
        older = (replace(spec, asks=stored.asks),) if stored and stored.asks != spec.asks else ()
        return any(self.wanted(one).fingerprint == mark for one in (spec, *older))

    def have_again(self, spec: InstanceSpec, facts: ContainerFacts | None) -> None:
        """Start one that does not run as it was stored."""
        if not (facts and facts.state in RUNS):
            self._begin(spec, self.wanted(spec), facts)

    def _have_seat(self, spec: InstanceSpec) -> None:
        """Before its container is made: an address that it keeps as long as it lives, also while it is stopped."""
        folder = self._folder(spec.id)
        if spec.port and not spec.job and folder.seat() is None:
            others = (ContainerFolder(path).seat() for path in self.place.instances.iterdir())
            folder.take_seat(free_seat({seat for seat in others if seat is not None}))

    def _begin(self, spec: InstanceSpec, wanted: ContainerSpec, facts: ContainerFacts | None) -> None:
        if facts and (label(facts.labels, "spec") != wanted.fingerprint or not facts.started):
            self.engine.remove(facts.id)  # one that never was may lack a network: whoever made it was killed
            facts = None
        id = facts.id if facts else self._create(wanted)
        try:
            self.engine.start(id)
        except EngineError:
            now = self.engine.container(id)
            if now is None or not now.error:
                raise
            return  # whoever waits for it tells why
        if now := self.engine.container(id):
            self._folder(spec.id).saw(now)

    def _create(self, wanted: ContainerSpec) -> str:
        ensure_volumes(self.engine, self.owner, wanted.mounts)
        labels = dict(wanted.labels) | {PREFIX + "spec": wanted.fingerprint}
        return self.engine.create(replace(wanted, labels=labels))

    def wanted(self, spec: InstanceSpec) -> ContainerSpec:
        """The container that an instance is to be."""
        if not spec.image:
            raise FairleadError(f"{spec.id} has no image", f"name one under services.{spec.service}")
        secrets, files = self.place.secrets / spec.release / spec.service, self.place.files / spec.release
        handed = Handed(
            _values(spec.secret_env), secrets if secrets.is_dir() else None, files if files.is_dir() else None,
            *self._addresses(spec),
        )  # fmt: skip
        volumes = own_volumes(self.engine, self.owner, spec.like or spec.service, spec.container.volumes)
        spec = replace(spec, container=replace(spec.container, volumes=volumes))
        wanted = container_spec(spec, self.owner, handed)
        return wanted if wanted.user else replace(wanted, user=self._user(wanted.image))

    def _addresses(self, spec: InstanceSpec) -> tuple[str, dict[str, str]]:
        """Its own that stays, empty where there is none; and those of the edge, by network."""
        own, seat, asked = meeting(spec), self._folder(spec.id).seat(), set(asking(spec).values())
        known = {name: self.engine.network(self.owner.name(name)) for name in sorted({own, *asked} - {""})}
        doors = {name: seat_address(known[name], DOOR_SEAT) for name in asked}
        return seat_address(known.get(own), seat) if seat else "", doors

    def _user(self, image: str) -> str | None:
        """The user the image names, where that is a number: so it is known whose its folders in memory have to be."""
        facts = self.engine.image(image)
        return facts.user if facts and facts.user.partition(":")[0].isdecimal() else None

    def _folder(self, id: str) -> ContainerFolder:
        return ContainerFolder(self.place.instances / id)


def _values(wanted: Mapping[str, str]) -> dict[str, str]:
    """Values of secrets from their files; masked from now on in what this process says."""
    found = {}
    for variable, path in wanted.items():
        try:
            found[variable] = Path(path).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not text, which a container needs"
            raise FairleadError(f"{variable}: {path}: {why}", "hand it over as a file") from error
        Secret(found[variable])
    return found
