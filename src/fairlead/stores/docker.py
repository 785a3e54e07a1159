"""Stores as containers, in networks of their environment. Nobody on the machine reaches those that are in `database`:
they are asked by commands inside, and a PostgreSQL by its UNIX socket, which lies in the store's own folder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fairlead.certificates.internal import InternalCa
from fairlead.certificates.kept import KeptCertificate
from fairlead.engine.differences import Difference
from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts, Ran
from fairlead.engine.failures import EngineError, NotThere, for_each
from fairlead.engine.listening import silent
from fairlead.engine.networks import ensure_named
from fairlead.engine.owner import PREFIX, Owner
from fairlead.engine.volumes import ensure_volumes, own_volumes
from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.project.access import authority_name, managed
from fairlead.project.stack import Store
from fairlead.render.container import SECRETS, ContainerSpec
from fairlead.render.networks import DATABASE, store_networks
from fairlead.render.stores.container import GRACE
from fairlead.render.stores.ground import Ground, ground_of
from fairlead.render.stores.plain import preset
from fairlead.stores import unnamed
from fairlead.stores.aside import BESIDE, Aside, Before, changing
from fairlead.stores.base import Address, Phase, Running, Taken, Values
from fairlead.stores.certificate import have_read
from fairlead.stores.container_spec import container_of
from fairlead.stores.declared import fingerprint
from fairlead.stores.differences import RUNS, of_container
from fairlead.stores.folder import SHARED, Kept, StoreFolder, names
from fairlead.stores.kinds.table import kind_of
from fairlead.stores.machine import machine_of
from fairlead.stores.majors import contained
from fairlead.system import processes
from fairlead.system.files import write_file
from fairlead.system.home import Place, near

PHASES: dict[str, Phase] = {"running": "running", "paused": "running", "restarting": "starting"}
PATIENCE = 30.0  #: seconds a store has to answer where it does not say how many
SETTLING = 300.0  #: seconds for any other command in it
OPEN = 0o777  #: of a folder that a container writes to as somebody this machine does not know; its place is private


@dataclass(frozen=True)
class Inside:
    """A store in its container."""

    engine: Engine
    name: str
    where: Address | None
    patience: float = SETTLING  #: seconds a command has; one that does not end would hold up whoever waits for it

    def run(self, argv: Sequence[str]) -> Ran:
        """As who it runs as."""
        ran = self.engine.run(self.name, argv, seconds=self.patience)
        late = f"{ran.output}\n{argv[0]} did not end within {self.patience:g} s"
        return ran if ran.ended else replace(ran, output=late)

    def address(self) -> Address | None:
        """In a network that this machine reaches; None when it is in none."""
        return self.where


class DockerStores:
    """Their files are in `place.stores`, their data in volumes."""

    def __init__(self, place: Place, engine: Engine | None = None) -> None:
        self.place = place
        self.engine = engine or Engine()
        self.owner = Owner.of(place)

    def observe(self) -> tuple[Running, ...]:
        """Every store with a declaration, whatever became of its container."""
        return tuple(self._look(name) for name in names(self.place))

    def _kept(self, name: str) -> Kept:
        kept = self._folder(name).kept()
        if kept is None:
            raise FairleadError(f"store {name} was never made", f"deploy: fairlead deploy {self.place.environment}")
        return kept

    def _look(self, name: str) -> Running:
        kept = self._kept(name)
        facts = self._facts(name)
        phase = PHASES.get(facts.state, "stopped") if facts else "stopped"
        self._saw(name, facts)
        return Running(kept.store, kept.fingerprint, phase, facts.start_mark if facts else "")

    def _saw(self, name: str, facts: ContainerFacts | None) -> None:
        """Write down which process it is: the keeper waits for its end."""
        process = processes.look(facts.pid) if facts and facts.pid else None
        path = self.place.stores / name / "starts"
        if process and (not path.exists() or path.read_text() != f"{process.mark}\n"):
            write_file(path, f"{process.mark}\n", 0o600)

    def address(self, store: Store) -> Address | None:
        """By its name, which its networks know."""
        return Address(store.name, kind_of(store).port or store.port or preset(store).port)

    def taken(self) -> tuple[Taken, ...]:
        """What the engine publishes of them."""
        there = ((name, self._facts(name)) for name in names(self.place))
        return tuple(Taken(name, *one) for name, facts in there for one in (facts.published if facts else ()))

    def socket(self, store: Store) -> Address | None:
        """In the store's folder, as the container sees it too."""
        folder = self._folder(store.name)
        port = kind_of(store).port
        return Address(str(near(folder.path / "socket", f".s.PGSQL.{port}")), port) if folder.kept() else None

    def authority(self, store: Store) -> str:
        """Where a service has its secrets."""
        return f"{SECRETS}/{authority_name(store.name)}"

    def authority_pem(self) -> str:
        """That of the project."""
        return InternalCa.of(self.place).root_pem

    def have(self, store: Store, values: Values, image: str = "") -> None:
        """Files first, then the container. EngineError when its name is somebody else's, or its image is not here."""
        kind, folder, facts = kind_of(store), self._folder(store.name), self._facts(store.name)
        runs = facts is not None and facts.state in RUNS
        made_from = facts.image if facts else image or self._image(store, folder.kept())
        folder.create()
        folder.write(kind.files(store, replace(ground_of(kind, store), machine=machine_of()), values))
        self._hand_over(store, folder.path, values)
        if kind.certified(store) and not runs:
            self._certify(store)
            folder.note_read()
        folder.keep(Kept(store, fingerprint(store), kind.port, made_from))
        self._begin(store, made_from, facts)

    def _hand_over(self, store: Store, folder: Path, values: Values) -> None:
        """Its own secrets, as files; what it makes itself, in a folder that it may write to."""
        for name in ("socket", "secrets"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "socket").chmod(OPEN)
        for one in store.secrets:
            text = values[one.name].reveal().encode(errors="surrogateescape")
            write_file(folder / "secrets" / one.name, text, SHARED)

    def _image(self, store: Store, kept: Kept | None) -> str:
        """The one that it was made from, as that is what it stays; else what has its name here."""
        reference = image_of(store)
        same = kept and kept.image and image_of(kept.store) == reference
        if kept and same and self.engine.image(kept.image):
            return kept.image
        found = self.engine.image(reference)
        if found is None:
            raise EngineError(f"store {store.name}: image {reference} is not here", f"docker pull {reference}")
        return found.id

    def _begin(self, store: Store, image: str, facts: ContainerFacts | None) -> None:
        if facts and facts.state in RUNS:
            return
        ensure_named(self.engine, self.owner, store_networks(store))
        try:
            # One that never was may lack a network: whoever made it was killed.
            self.engine.start(facts.id if facts and facts.started else self._create(store, image, facts))
        except NotThere:  # a network that it was in has gone since: it is made again, with its volumes
            self.engine.start(self._create(store, image, self._facts(store.name)))
        begun = self._facts(store.name)
        self._saw(store.name, begun)
        unnamed.noted(self._folder(store.name).path, begun)

    def _create(self, store: Store, image: str, before: ContainerFacts | None) -> str:
        """In place of the one `before`, and with all volumes that it had, or that the one beside it has."""
        spec = self._spec(store, image, self._direct(store))
        ensure_volumes(self.engine, self.owner, spec.mounts)
        known = unnamed.noted(self._folder(store.name).path, before or self._owned(self._beside(store.name)))
        if before:
            self.engine.remove(before.id, volumes=False)
        return self.engine.create(replace(spec, mounts=(*spec.mounts, *unnamed.mounts(known, spec.mounts))))

    def _direct(self, store: Store) -> dict[str, str]:
        """The values of variables that it is handed itself."""
        folder = self._folder(store.name).path / "secrets"
        direct = (one for one in store.secrets if one.delivery == "env")
        return {one.variable: Secret((folder / one.name).read_text()).reveal() for one in direct}

    def _spec(self, store: Store, image: str, values: Mapping[str, str]) -> ContainerSpec:
        volumes = own_volumes(self.engine, self.owner, store.name, store.container.volumes)
        named = replace(store, container=replace(store.container, volumes=volumes))
        spec = container_of(named, kind_of(store), self.owner, self._folder(store.name).path, image, values)
        return replace(spec, labels={**spec.labels, PREFIX + "spec": fingerprint(store)})  # what was declared counts

    def start(self, names: Collection[str]) -> None:
        """From the container that there is; from the files where somebody removed it. One that fails does not keep the
        others from it."""
        for_each(self._start, [one.store for one in self.observe() if one.name in names and not one.living])

    def _start(self, store: Store) -> None:
        facts = self._facts(store.name)
        made_from = facts.image if facts else self._image(store, self._folder(store.name).kept())
        self._begin(store, made_from, facts)

    def ask(self, name: str) -> str:
        """By its kind, once somebody listens at its port; of one that ended why it did."""
        facts = self._facts(name)
        if facts is None or facts.state not in RUNS:
            return _ended(facts)
        store, ground, reach = self._known(name, facts)
        if kind_of(store).port and silent(facts, ground.port):
            return f"nobody listens at its port {ground.port}"
        patience = store.health.timeout if store.health else PATIENCE
        try:
            return kind_of(store).ask(store, ground, replace(reach, patience=patience))
        except EngineError as error:  # it ended in between
            return error.message

    def settle(self, store: Store, values: Values) -> None:
        """By its kind."""
        _, ground, reach = self._known(store.name, self._facts(store.name))
        kind_of(store).settle(store, ground, reach, values)

    def renew(self, names: Collection[str], now: datetime | None = None) -> tuple[str, ...]:
        """New ones count for new connections."""
        moment = now or datetime.now(UTC)
        return tuple(name for name in names if self._renewed(name, moment))

    def _renewed(self, name: str, now: datetime) -> bool:
        store, ground, reach = self._known(name, self._facts(name))
        if not kind_of(store).certified(store):
            return False
        self._certify(store)
        return have_read(store, self._folder(name), ground, reach, lambda: self._restart(name), now)

    def _restart(self, name: str) -> None:
        self.stop([name])
        self.start([name])

    def unread(self) -> tuple[Running, ...]:
        """By what is written down."""
        return tuple(one for one in self.observe() if one.living and self._folder(one.name).unread())

    def stop(self, names: Collection[str]) -> None:
        """All at once."""
        for name in names:
            if self._facts(name):
                self.engine.begin_stop(self.owner.name(name), GRACE)
        for name in names:
            if self._facts(name):
                self.engine.stop(self.owner.name(name), GRACE)

    def remove(self, name: str) -> None:
        """Its volumes stay, those without a name too."""
        if facts := self._facts(name):
            unnamed.noted(self._folder(name).path, facts)
            self.engine.remove(facts.id, volumes=False)
        self._folder(name).forget()

    def set_aside(self, name: str) -> None:
        """Its container gets another name, so that the new one finds its own free."""
        aside, facts = Aside(self._folder(name)), self._facts(name)
        aside.note(self._kept(name), facts.id if facts else "")
        self.stop([name])
        found = aside.read()
        if facts and found and facts.id == found.container:
            self.engine.rename(facts.id, self._beside(name))
        aside.put_aside()

    def bring_back(self, name: str) -> bool:
        """With the container that it had; from its files where somebody removed that."""
        aside = Aside(self._folder(name))
        found = aside.read()
        if found is None:
            return False
        if found.well:
            self.let_go(name)
            return False
        self._clear(name, found)
        if old := self._owned(self._beside(name)):
            self.engine.rename(old.id, self.owner.name(name))
        aside.bring_back(found)
        aside.forget()
        self.start([name])
        return True

    def _clear(self, name: str, found: Before) -> None:
        """End what was made in its place, within its time: it has the data open."""
        there = self._facts(name)
        if there and there.id != found.container:
            self.stop([name])
            self.engine.remove(there.id, volumes=False)

    def let_go(self, name: str) -> None:
        """Its old container goes."""
        aside = Aside(self._folder(name))
        if found := aside.read():
            aside.note_well(found)
            if old := self._owned(self._beside(name)):
                self.engine.remove(old.id, volumes=False)
            aside.forget()

    def changing(self) -> tuple[str, ...]:
        """By what is written down."""
        return changing(self.place)

    def _beside(self, name: str) -> str:
        """No store has a name with a dot."""
        return self.owner.name(f"{name}{BESIDE}")

    def starts(self, name: str) -> int:
        """The engine counts those of one container."""
        facts = self._facts(name)
        return facts.restarts if facts else 0

    def unfit(self, store: Store, image: str = "") -> str:
        """By the version of a PostgreSQL: its image says one, its data another."""
        facts = self._facts(store.name)
        if store.kind != "postgres" or not managed(store) or (facts and facts.image == image):
            return ""
        mounts = self._spec(store, image, {}).mounts
        data = next((one for one in mounts if one.target == kind_of(store).keeps(store)), None)
        return contained(self.engine, self.owner, store, image, data) if data else ""

    def differences(self, name: str) -> tuple[Difference, ...]:
        """By what the engine says of its container."""
        kept, facts = self._kept(name), self._facts(name)
        image = kept.image or (facts.image if facts else "")
        return tuple(of_container(facts, lambda: self._spec(kept.store, image, self._direct(kept.store))))

    def log_tail(self, name: str, lines: int) -> str:
        """What the engine kept of it."""
        return masked(self.engine.log(self.owner.name(name), lines)) if self._facts(name) else ""

    def _facts(self, name: str) -> ContainerFacts | None:
        """Its container. EngineError when that is somebody else's."""
        return self._owned(self.owner.name(name))

    def _owned(self, name: str) -> ContainerFacts | None:
        found = self.engine.container(name)
        if found and not self.owner.owns(found.labels):
            what = f"container {found.name} is there and is not Fairlead's"
            raise EngineError(what, f"rename it: docker rename {found.name} SOMETHING")
        return found

    def _known(self, name: str, facts: ContainerFacts | None) -> tuple[Store, Ground, Inside]:
        store = self._look(name).store
        reach = Inside(self.engine, self.owner.name(name), self._reached(store, facts))
        known = self.authority_pem() if store.tls else ""
        return store, replace(ground_of(kind_of(store), store), authority=known), reach

    def _reached(self, store: Store, facts: ContainerFacts | None) -> Address | None:
        sealed = self.owner.name(DATABASE)
        found = [one for name, one in (facts.addresses if facts else {}).items() if name != sealed]
        port = kind_of(store).port or store.port or preset(store).port
        return Address(found[0], port) if found else None

    def _folder(self, name: str) -> StoreFolder:
        path = self.place.stores / name
        return StoreFolder(path, path, contained=True)

    def _certify(self, store: Store) -> None:
        kept = KeptCertificate(self._folder(store.name).certificate, SHARED)
        named = (store.name, self.owner.name(store.name), "localhost")
        kept.renew(InternalCa.of(self.place), named, ("127.0.0.1",))


def image_of(store: Store) -> str:
    """What it is made from: its own, or what is usual."""
    return store.container.image or kind_of(store).image(store)


def _ended(facts: ContainerFacts | None) -> str:
    if facts is None:
        return "it has no container"
    why = "it needed more memory than it may use" if facts.out_of_memory else facts.error
    return f"it does not run: {facts.state} with {facts.exit_code}" + (f", {why}" if why else "")
