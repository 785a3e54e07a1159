"""A world in memory in which a secret is rotated, that can be killed at any point and sees every state there is."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fairlead.artifacts import Release
from fairlead.errors import FairleadError, RolloutFailed
from fairlead.masking import Secret
from fairlead.operations.environment import Environment
from fairlead.operations.rotation.recovery import advance, recover, rotator_of
from fairlead.operations.transition import Intent, carry_out
from fairlead.project.documents import document_of
from fairlead.project.stack import Generate, Rotate, SecretSpec, ServiceSecret, Stack, Template, to_data
from fairlead.rollout.recovery import recover as recover_rollouts
from fairlead.rollout.world import pass_by
from fairlead.secrets.delivery import Handful, deliver, folder_of
from fairlead.secrets.fake import FakeBackend
from fairlead.secrets.fingerprint import FILE as KEY_FILE
from fairlead.secrets.fingerprint import fingerprint, key_of
from fairlead.secrets.generate import generate
from fairlead.secrets.keyset import key_list, key_set, public_jwk
from fairlead.secrets.rotation import slot as slots
from fairlead.secrets.rotation.invariants import Sight, Terms, badly_written, broken
from fairlead.secrets.rotation.journal import KINDS as ENTRIES
from fairlead.secrets.rotation.journal import Journal, open_rotation, open_rotations
from fairlead.secrets.rotation.kinds.base import RotationKind
from fairlead.secrets.rotation.kinds.fake import FakeServer
from fairlead.secrets.rotation.kinds.jwt import JWT
from fairlead.secrets.rotation.kinds.plain import PLAIN
from fairlead.secrets.rotation.kinds.postgres import POSTGRES
from fairlead.secrets.rotation.kinds.redis import REDIS
from fairlead.secrets.rotation.slot import Slot, Version
from fairlead.secrets.templates import Recipe, pack
from tests.crash.fake_worlds import FakeMachine, service, stack, worker

SHORT = 0.02  #: seconds of every wait
NAME = "KEY"


class Killed(BaseException):
    """The process is gone."""


def killed_at(point: int) -> Callable[[str], None]:
    """A checkpoint that ends the process when it is passed for the so-manieth time."""
    passed = iter(range(point + 1))

    def checkpoint(name: str) -> None:
        if next(passed, point) >= point:
            raise Killed(name)

    return checkpoint


def rotation(kind: str, reload: str = "restart") -> SecretSpec:
    """How the secret is declared."""
    made = Generate("ed25519" if kind == "jwt" else "hex")
    return SecretSpec(NAME, made, Rotate(kind=kind, cache=SHORT, lifetime=SHORT, lag=SHORT, reload=reload))


@cache
def _stack(spec: SecretSpec, version: int) -> Stack:
    """Every sight asks for it."""
    found = stack(service("web", "/", replicas=2), worker("clock"), service("bare"), version=version)
    users = tuple(one if one.name == "bare" else replace(one, secrets=(ServiceSecret(NAME),)) for one in found.services)
    conf = Template("conf.template", "conf", secret=True, services=("bare",))
    return replace(found, services=users, secrets=(spec,), templates=(conf,))


@dataclass
class RotationWorld:
    """One machine, one back end, one server."""

    folder: Path
    spec: SecretSpec
    backend: FakeBackend = field(default_factory=FakeBackend)
    sights: list[Sight] = field(default_factory=list)
    reading: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)  #: instance → its value, its key set
    points: list[str] = field(default_factory=list)
    like: RotationWorld | None = None  #: one in which nothing happened since it was deployed: it is copied

    def __post_init__(self) -> None:
        if self.like:
            self.machine = self.like.machine.copy(self.folder / "place")
            shutil.copy2(self.like.folder / KEY_FILE, self.folder)
            self.old, self.new = (Secret(one.reveal()) for one in (self.like.old, self.like.new))  # known anew
            self.sights, self.reading = list(self.like.sights), dict(self.like.reading)
        else:
            self.machine = FakeMachine(self.folder / "place")
            self.old, self.new = self._made(), self._made()
        self.backend.set({NAME: self.old})
        keys = {"old": self.old, "new": self.new} if self.spec.rotate.kind == "jwt" else {}
        self.kids = {public_jwk(NAME, key)["kid"]: name for name, key in keys.items()}
        self.server = FakeServer({self.old.reveal()}, listeners=[self.look])
        self.kinds = {
            "plain": PLAIN,
            "jwt": JWT,
            "redis": replace(REDIS, server=lambda spec, slot: self.server),
            "postgres": replace(POSTGRES, server=lambda spec, slot: self.server),
        }
        self.machine.runtime.listeners.append(self._happened)
        self.release, self.second = (self.like.release, self.like.second) if self.like else map(self._deploy, (1, 2))

    @property
    def kind(self) -> RotationKind:
        return self.kinds[self.spec.rotate.kind]

    @property
    def terms(self) -> Terms:
        rotate = self.spec.rotate
        lives = {"plain": 0.0, "jwt": rotate.lifetime, "redis": 0.0, "postgres": 0.0}[rotate.kind]
        return Terms(lives, rotate.cache if rotate.kind == "jwt" else 0.0)

    def _made(self) -> Secret:
        return generate(self.spec.generate.kind)

    def _stack(self, version: int) -> Stack:
        return _stack(self.spec, version)

    def _deploy(self, version: int) -> str:
        environment = self.machine.opened()
        try:
            recipe = Recipe("conf", f"key = ${{{NAME}}}\n", "text", "conf", {NAME: self.old.reveal()})
            handful = Handful(self._files(self.old) | {"conf": recipe.filled()}, self.key, pack([recipe]))
            release = Release.of(self._stack(version), {}, {}).with_secrets(handful.versions())
            release = self.machine.releases.save(release)
            deliver(self.machine.place.secrets, release.id, release.stack, handful)
            carry_out(environment, release, Intent("deploy", "blue-green"))
            return release.id
        finally:
            environment.ledger.close()

    @property
    def key(self) -> bytes:
        return key_of(self.machine.place.root.parent)

    def _files(self, value: Secret) -> dict[str, bytes]:
        document = document_of(self._stack(1), NAME)
        return {NAME: value.reveal().encode()} | ({document: self._document(document, value)} if document else {})

    def _document(self, document: str, value: Secret) -> bytes:
        return key_set(NAME, [value]) if document.endswith("JWKS") else key_list([value])

    def name(self, value: str) -> str:
        """`old` or `new`."""
        return {self.old.reveal(): "old", self.new.reveal(): "new"}[value]

    def _happened(self, what: str, id: str) -> None:
        if what == "started":
            self.reading[id] = self._read(id)
        if what in ("ended", "died", "removed"):
            self.reading.pop(id, None)
        if what not in ("starting", "ending"):
            self.look(f"{what} {id}")

    def _read(self, id: str) -> tuple[str, frozenset[str]] | None:
        release, name, _ = id.split(".")
        files = folder_of(self.machine.place.secrets, release, name, self._stack(1)).files()
        if NAME not in files:
            return None
        return self.name(files[NAME].decode()), self._known(files)

    def _known(self, files: dict[str, bytes]) -> frozenset[str]:
        if f"{NAME}_JWKS" not in files:
            return frozenset()
        return frozenset(self.kids[one["kid"]] for one in json.loads(files[f"{NAME}_JWKS"])["keys"])

    def look(self, what: str) -> None:
        """One sight. Who reads files anew holds what they have now."""
        if self.spec.rotate.reload == "read":
            self.reading = {id: self._read(id) for id in self.reading}
        users = [one for one in self.reading.values() if one]
        accepted = frozenset(map(self.name, self.server.accepted))
        if self.spec.rotate.kind == "jwt":
            accepted = frozenset.intersection(*(known for _, known in users)) if users else frozenset({"old", "new"})
        if self.spec.rotate.kind == "plain":
            accepted = frozenset({"old", "new"})
        self.sights.append(Sight(time.monotonic(), frozenset(value for value, _ in users), accepted, what))

    def opened(self, checkpoint: Callable[[str], None]) -> Environment:
        """What a new process makes of it."""

        def at(point: str) -> None:
            self.points.append(point)
            self.look(point)
            checkpoint(point)

        return self.machine.opened(at)

    def rotate(self, checkpoint: Callable[[str], None] = pass_by, hurry: bool = False) -> float:
        """As `fairlead secrets rotate --no-wait` does it, from the journal on."""
        environment = self.opened(checkpoint)
        try:
            plan = self.kind.plan(NAME, self.spec.rotate)
            facts = {"spec": to_data(self.spec), "old": "1", "new": "2", "root": "/", "emergency": hurry}
            Journal.begin(environment.ledger, NAME, plan, facts)
            rotator = rotator_of(
                environment, open_rotation(environment.ledger, NAME), self.kinds, self.backend.set, hurry
            )
            rotator.staged = self._slot()
            try:
                return rotator.go()
            except FairleadError as error:
                rotator.rotation = open_rotation(environment.ledger, NAME)
                rotator.back(str(error))
                raise RolloutFailed(str(error)) from error
        finally:
            environment.ledger.close()

    def _slot(self) -> Slot:
        prints = [fingerprint(self.key, NAME, one.reveal().encode()) for one in (self.old, self.new)]
        return Slot(NAME, Version(prints[0], "live", self.old), Version(prints[1], "prepared", self.new))

    def recover(self, checkpoint: Callable[[str], None] = pass_by) -> bool:
        """What the next one does; whether nothing is left. It finds the back end as the rotation did."""
        environment = self.opened(checkpoint)
        try:
            recover_rollouts(environment.world)
            for one in open_rotations(environment.ledger):
                if one.left() <= 0:
                    advance(rotator_of(environment, one, self.kinds, self.backend.set))
            return not open_rotations(environment.ledger)
        finally:
            environment.ledger.close()

    def settle(self) -> None:
        """Until nothing is left to do."""
        end = time.monotonic() + 20
        while not self.recover():
            assert time.monotonic() < end, "it never came to its end"
            time.sleep(SHORT / 4)

    def check(self) -> str:
        """Every invariant, and that all is of one mind; which value is in use."""
        self.look("the end")
        assert broken(self.sights, self.terms) == []
        environment = self.machine.opened()
        try:
            entries = list(environment.ledger.entries(kinds=ENTRIES))
            assert badly_written(entries, (self.old.reveal(), self.new.reveal())) == []
            assert recover(environment, self.kinds) == ()
            live = environment.state.live
        finally:
            environment.ledger.close()
        values = {value for value, _ in filter(None, self.reading.values())}
        assert len(values) == 1, values
        assert self.name(self.backend.values[NAME].reveal()) in values
        assert slots.slots(self.machine.place.secrets) == {}
        for release in self.machine.releases.all():
            if release.id == live or "new" in values:
                assert self._values_of(release.id) <= values, "a way back would begin with another value"
            conf = folder_of(self.machine.place.secrets, release.id, "bare", release.stack).files()["conf"].decode()
            if release.id == live or "new" in values:
                assert {self.name(conf.removeprefix("key = ").removesuffix("\n"))} == values
        assert self.machine.edge.lost() == []
        if self.spec.rotate.kind in ("redis", "postgres"):
            assert set(map(self.name, self.server.accepted)) == values
        return values.pop()

    def _values_of(self, release: str) -> set[str]:
        folder = self.machine.place.secrets / release
        files = [path for path in folder.rglob(NAME) if path.is_file()]
        return {self.name(path.read_text()) for path in files}
