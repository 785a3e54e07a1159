"""Hands another value of a secret to those who use it: as a new release, rolled out, or in place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fairlead.artifacts import Release
from fairlead.artifacts.origin import describe_actor
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.operations.environment import Environment
from fairlead.operations.secrets.supply import content_of, document_text
from fairlead.operations.transition import Intent, carry_out
from fairlead.project.access import login_of
from fairlead.project.database_roles import Roles, phrase_of, side_of
from fairlead.project.documents import document_of
from fairlead.project.stack import Job, SecretSpec, Service
from fairlead.rollout.state import ROTATE
from fairlead.secrets.consumers import consumers, file_names, value_variables
from fairlead.secrets.delivery import Handful, deliver, delivered, folder_of, keep_templates, templates_of
from fairlead.secrets.fingerprint import key_of
from fairlead.secrets.rotation.slot import Slot
from fairlead.secrets.templates import Recipe, pack, unpack
from fairlead.stores.handover import logged_in
from fairlead.system import clock


@dataclass(frozen=True)
class Hands:
    """For one secret of one environment. Everything is idempotent: it looks at what was handed over before it acts."""

    environment: Environment
    spec: SecretSpec
    label: str = ""  #: put before the points of a rollout, so that each has a name of its own

    def apply(self, slot: Slot) -> None:
        """Services of the live release have what the slot says.

        RolloutFailed when they are not well with it: then they have what they had.
        """
        live = self._live()
        if live is None or self._has(live, slot):
            return
        if self._restarts(live):
            self._roll(live, slot)
        else:
            self._swap(live, slot)

    def spread(self, slot: Slot) -> None:
        """The live release and all that are kept have it, so that no way back begins with the old one.

        What runs of those others read the old value when it started, so it is started anew; it has no users.
        """
        self.apply(slot)
        for release in self._others():
            self._swap(release, slot)
            if self._restarts(release):
                self._renew(release)

    def sweep(self) -> None:
        """No file has an old value any more."""
        for release in self._kept():
            for _, folder in delivered(self.environment.place.secrets, release.id, release.stack):
                folder.sweep()

    def _live(self) -> Release | None:
        live = self.environment.state.live
        return self.environment.world.releases.load(live) if live else None

    def _kept(self) -> Iterator[Release]:
        return (one for one in self.environment.world.releases.all() if self._consumers(one))

    def _others(self) -> list[Release]:
        live = self.environment.state.live
        return [one for one in self._kept() if one.id != live and self._handed(one)]

    def _handed(self, release: Release) -> bool:
        return any(True for _ in delivered(self.environment.place.secrets, release.id, release.stack))

    def _consumers(self, release: Release) -> tuple[Service | Job, ...]:
        """Whoever gets a file that changes with it."""
        touched = {*self._names(release), *(one.target for one in self._recipes(release) if one.uses(self.spec.name))}
        return tuple(item for item in consumers(release.stack) if touched & set(file_names(item, release.stack)))

    def _recipes(self, release: Release) -> tuple[Recipe, ...]:
        return unpack(templates_of(self.environment.place.secrets, release.id))

    def _restarts(self, release: Release) -> bool:
        """Nothing that stands in an environment is ever read anew."""
        names = self._names(release)
        direct = any(names & {*value_variables(item).values()} for item in self._consumers(release))
        return direct or self.spec.rotate.reload == "restart"

    def _files(self, release: Release, slot: Slot) -> dict[str, bytes]:
        """What the slot changes, by the name of the file."""
        files = {slot.name: content_of(slot.live.value), **self._addresses(release, slot)}
        if document := document_of(release.stack, slot.name):
            files[document] = document_text(document, slot.name, slot.counting())
        return files | {one.target: one.filled() for one in self._changed(release, slot) if one.uses(slot.name)}

    def _names(self, release: Release) -> set[str]:
        """Of files that hold it: its own, and the address that a role's password stands in."""
        login = login_of(release.stack, self.spec.name)
        return {self.spec.name, *([login.url_name] if login else [])}

    def _addresses(self, release: Release, slot: Slot) -> dict[str, bytes]:
        """The address that services have, with another role and its password in it."""
        login = login_of(release.stack, self.spec.name)
        if login is None:
            return {}
        there = (files.get(login.url_name) for files in self._now(release, self._consumers(release)))
        now = next((content for content in there if content), None)
        if now is None:
            return {}
        value = slot.live.value
        role = Roles(login.database).login(login.service, side_of(value))
        url = logged_in(Secret(now.decode(errors="surrogateescape")), login.database, role, phrase_of(value))
        return {login.url_name: content_of(url)}

    def _changed(self, release: Release, slot: Slot) -> tuple[Recipe, ...]:
        """What its templates are made of from now on."""
        value = slot.live.value.reveal()
        return tuple(one.with_value(slot.name, value) for one in self._recipes(release))

    def _mine(self, item: Service | Job, release: Release, files: dict[str, bytes]) -> dict[str, bytes]:
        """Of these files those that it gets."""
        names = file_names(item, release.stack)
        return {name: content for name, content in files.items() if name in names}

    def _has(self, release: Release, slot: Slot) -> bool:
        wanted, items = self._files(release, slot), self._consumers(release)
        now = zip(items, self._now(release, items), strict=True)
        return all(self._mine(item, release, wanted).items() <= files.items() for item, files in now)

    def _now(self, release: Release, items: tuple[Service | Job, ...]) -> Iterator[dict[str, bytes]]:
        secrets = self.environment.place.secrets
        return (folder_of(secrets, release.id, item.name, release.stack).files() for item in items)

    def _swap(self, release: Release, slot: Slot) -> None:
        """In place: who reads the file again has it."""
        wanted = self._files(release, slot)
        recipes = pack(self._changed(release, slot))
        for item in self._consumers(release):
            folder = folder_of(self.environment.place.secrets, release.id, item.name, release.stack)
            if folder.version():
                whole = Handful(folder.files() | self._mine(item, release, wanted), self._key())
                folder.swap(whole.whole(), whole.files)
        if recipes:
            keep_templates(self.environment.place.secrets, release.id, Handful({}, self._key(), recipes))

    def _roll(self, live: Release, slot: Slot) -> None:
        """The same artifacts with the other value are another release: instance by instance, or not at all."""
        items = consumers(live.stack)
        files = {name: content for one in self._now(live, items) for name, content in one.items()}
        changed = self._files(live, slot)
        handful = Handful(files | changed, self._key(), pack(self._changed(live, slot)))
        missing = {name for item in items for name in file_names(item, live.stack)} - set(handful.files)
        if missing:
            lost = f"files of secrets of {live.id} are gone: {', '.join(sorted(missing))}"
            raise FairleadError(lost, f"deploy again: fairlead deploy {self.environment.place.environment}")
        versions = live.secrets | handful.of(changed).versions()
        release = replace(live.with_secrets(versions), created=clock.stamp())
        release = self.environment.world.releases.save(release)
        deliver(self.environment.place.secrets, release.id, release.stack, handful)
        origin = live.origin | describe_actor()
        intent = Intent(ROTATE, "rolling", origin, f"another value of {slot.name}", urgent=True)
        with self._labelled():
            carry_out(self.environment, release, intent)

    def _renew(self, release: Release) -> None:
        """One by one: what they still have to finish is waited for."""
        world, names = self.environment.world, {item.name for item in self._consumers(release)}
        for one in world.runtime.observe():
            if one.release == release.id and one.service in names and one.living and not one.job:
                world.drain([one.id])
                world.runtime.stop([one.id])
                world.runtime.restart([one.id])

    def _key(self) -> bytes:
        return key_of(self.environment.place.root.parent)

    @contextlib.contextmanager
    def _labelled(self) -> Iterator[None]:
        world = self.environment.world
        before = world.checkpoint
        world.checkpoint = lambda point: before(f"{self.label}/{point}")
        try:
            yield
        finally:
            world.checkpoint = before
