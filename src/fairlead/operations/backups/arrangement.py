"""A store with all that its backups need: where they go, for whom they are encrypted, and how the store is reached."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts.origin import owner_text
from fairlead.backups.catalogue import Backup, Catalogue, Owner
from fairlead.backups.claim import Claim
from fairlead.backups.destinations.base import Destination
from fairlead.backups.destinations.table import Target, destination_of
from fairlead.backups.engines.base import Engine
from fairlead.backups.engines.builtin import Builtin
from fairlead.backups.engines.pgbackrest.engine import PgBackRest
from fairlead.backups.engines.pgbackrest.program import Tool
from fairlead.backups.engines.pgbackrest.repository import Repository
from fairlead.backups.engines.pgbackrest.serving import Beside
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.archive import Archive, Log
from fairlead.backups.physical.changes import Manifests
from fairlead.backups.scratch import Ground
from fairlead.backups.server import Server, databases
from fairlead.errors import Refused, UsageError
from fairlead.ledger import Ledger
from fairlead.masking import Secret
from fairlead.operations.backups.due import MADE
from fairlead.operations.backups.reach import ground_of, need, server_of
from fairlead.operations.images import filled
from fairlead.project.access import databases as declared
from fairlead.project.access import runs
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import RuntimeName, Stack, Store
from fairlead.project.stack_backup import Backup as Said
from fairlead.project.stack_backup import EngineName, Every
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.secrets.table import backend_of
from fairlead.stores import programs
from fairlead.stores.process import outside
from fairlead.system.home import Place
from fairlead.system.lock import held_lock
from fairlead.system.machine_id import this_machine
from fairlead.system.pipes import Who

if TYPE_CHECKING:
    from fairlead.engine.pipes import Inside

ADOPTED = "backup.adopted"
BY_HAND = "by hand"  #: why, when nobody said
PATIENCE = 60.0  #: seconds that a person waits for whoever is at it: the keeper mostly, right after a deployment
LEFT = re.compile(r".*_(before|restored)_\d{8}T\d{6}", re.DOTALL)
"""What restores leave is no data of anybody's."""


@dataclass(frozen=True)
class Arrangement:
    """One store's."""

    place: Place
    runtime: RuntimeName
    store: Store
    said: Said
    target: Target
    recipients: Callable[[], tuple[str, ...]] = field(repr=False)  #: asked when something is encrypted; Refused
    url: Secret | None = field(default=None, repr=False)  #: of a server that somebody else runs

    @property
    def owner(self) -> Owner:
        """Whose backups they are."""
        return Owner(self.place.project, self.place.environment, self.store.name)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What there is."""
        where = destination_of(self.target)
        return Catalogue(where, self.owner, known=lambda: made_there(self.place, self.store.name, where.shown))

    @property
    def claim(self) -> Claim:
        """Whose they are."""
        return claim_of(self.place, self.owner, self.catalogue.where)

    @cached_property
    def archive(self) -> Archive:
        """Where its log is kept."""
        return Archive(self.catalogue.where, self.owner, self.repository, self.said.encryption)

    @cached_property
    def repository(self) -> Repository:
        """Where pgBackRest keeps what it makes."""
        return Repository(self.catalogue.where, self.target, self.owner, self.ground, self.inside)

    @cached_property
    def beside(self) -> Beside:
        """pgBackRest as it runs beside the server."""
        if self.inside:
            return Beside(self.repository, *folders(self.place, self.store.name), None, self._container)
        owner, name = programs.unprivileged(), self.store.name
        folder = outside(self.place, name) if owner else self.place.stores / name
        who = Who(owner.uid, owner.gid) if owner else None
        return Beside(self.repository, folder / "pgbackrest", self.place.backups / name, who)

    def _container(self) -> Inside:
        from fairlead.operations.backups.boxes import store_inside  # noqa: PLC0415 — only with an engine

        return store_inside(self.place, self.store.name)

    @cached_property
    def _engines(self) -> dict[EngineName, Engine]:
        return {
            "builtin": Builtin(self.catalogue, self.archive, self._manifests, bool(self._differential)),
            "pgbackrest": PgBackRest(self.catalogue, self.repository, self._here),
        }

    @property
    def _manifests(self) -> Manifests:
        return Manifests(self.place.backups / self.store.name / "manifests")

    @property
    def _differential(self) -> Every | None:
        return self.said.physical.differential if self.said.physical else None

    def _here(self, system: str) -> Tool:
        return self.beside.tool(system)

    def file_engines(self) -> tuple[Engine, ...]:
        """Whatever may have made any of them."""
        return tuple(self._engines.values())

    def files(self, of: Backup | None = None) -> Engine:
        """What makes copies of its data files, or made this one."""
        declared = self.said.physical.engine if self.said.physical else "builtin"
        return self._engines[of.engine if of else declared]

    @property
    def spool(self) -> Path:
        """Where its log is received."""
        return spool_of(self.place, self.store.name)

    def logs(self, keys: Sequence[Any] = (), here: bool = True) -> dict[str, Log]:
        """The log of each cluster that it ever was. `here`: with what is still on this machine."""
        return {one: self.archive.log(one, keys, self.spool if here else None) for one in self.archive.systems()}

    def keys(self) -> Recipients:
        """For whom they are encrypted. FairleadError for what is no recipient; Refused when nobody is named."""
        need("pyrage", "the encryption of backups")
        if self.said.encryption != "age":
            need("cryptography", "AES")
        from fairlead.secrets.sops.wrapping import recipient  # noqa: PLC0415 — only where something is encrypted

        names = self.recipients()
        return Recipients(names, [recipient(one) for one in names], self.said.encryption)

    @contextlib.contextmanager
    def server(self) -> Iterator[Server]:
        """The server itself. Refused when its programs are not here, or it was never started."""
        with server_of(
            self.place, self.runtime, self.store, self.url, f"the backup of {self.store.name}", bool(self.said.physical)
        ) as server:
            yield server

    def databases(self, server: Server) -> tuple[str, ...]:
        """What is backed up: all of a server of Fairlead's, and of another one what is declared."""
        if not runs(self.store):
            return declared(self.store)
        with server.session(server.home) as connection:
            return self.meant(databases(connection))

    def meant(self, there: Iterable[str]) -> tuple[str, ...]:
        """Of these of a server, what is backed up, and comes back."""
        own = declared(self.store)
        others = runs(self.store)
        return tuple(one for one in there if one in own or (others and one != SUPERUSER and not LEFT.fullmatch(one)))

    @property
    def inside(self) -> bool:
        """Whether it runs in a container of ours: then programs are the container's, and copies are containers."""
        return self.url is None and self.store.path is None and self.runtime == "docker"

    def ground(self) -> Ground:
        """Where copies are made: in a folder that whoever runs PostgreSQL gets into."""
        if self.inside:
            from fairlead.operations.backups.boxes import ground_inside  # noqa: PLC0415 — only with an engine

            return ground_inside(self.place, self.store.name, self.repository.folder)
        return ground_of(self.place, self.store.name)

    @contextlib.contextmanager
    def held(self, doing: str, wait: float = 0.0) -> Iterator[None]:
        """Be the only one who works on its backups. Busy."""
        self.place.create()
        self.place.backups.mkdir(mode=0o700, exist_ok=True)
        path, name = self.place.backups / f"{self.store.name}.lock", f"the backups of {self.owner}"
        with held_lock(path, owner_text(doing), name, wait):
            yield

    def note(self, kind: str, data: dict[str, Any]) -> None:
        """Into the ledger."""
        self.place.create()
        with Ledger.open(self.place.ledger, room=self.place.free_reserve) as ledger:
            ledger.append(kind, {"store": self.store.name} | data)


def claim_of(place: Place, owner: Owner, where: Destination) -> Claim:
    """Of this machine, on the backups of a store."""
    mine = this_machine(place.root.parent.parent)
    return Claim(where, owner, mine, lambda: made_there(place, owner.store, where.shown))


def made_there(place: Place, store: str, to: str) -> bool:
    """Whether the ledger has a backup of that store there, or somebody said that it is the place."""
    if not place.exists():
        return False
    with Ledger.read(place.ledger) as ledger:
        entries = ledger.entries(kinds=(MADE, ADOPTED))
        return any(one.data["store"] == store and one.data.get("to") == to for one in entries)


def folders(place: Place, store: str) -> tuple[Path, Path]:
    """What pgBackRest reads beside a server in a container, and where Fairlead has the passphrase."""
    return place.stores / store / "pgbackrest", place.backups / store


def spool_of(place: Place, store: str) -> Path:
    """Where the log of a store is received."""
    return place.backups / store / "spool"


def arranged(stack: Stack, root: Path, names: Sequence[str] = ()) -> tuple[Arrangement, ...]:
    """Those of a stack that have backups, or of these names. UsageError, Refused, Unavailable (secrets)."""
    there = {one.name: one for one in stack.backed_up}
    for name in names:
        if name not in there:
            text = f"no store or volume {name} of {stack.environment} has backups{did_you_mean(name, there)}"
            raise UsageError(
                text, f"{', '.join(there)} has" if there else "say `backup` of a store in the project file"
            )
    if not there:
        raise UsageError(f"no store of {stack.environment} has backups", "say `backup` of a store in the project file")
    return tuple(_one(stack, root, there[name]) for name in (names or there))


def other(one: Arrangement, stack: Stack, root: Path, name: str) -> Arrangement:
    """Another PostgreSQL of the environment, with or without backups of its own. UsageError when there is none."""
    there = {it.name: it for it in stack.stores if it.kind == "postgres" and it.name != one.store.name}
    if name not in there:
        text = f'there is no other PostgreSQL "{name}" in {stack.environment}{did_you_mean(name, there)}'
        raise UsageError(text, f"there is {', '.join(there)}" if there else "declare it under `stores`")
    return replace(one, store=there[name], url=_url(stack, root, there[name]))


def _one(stack: Stack, root: Path, store: Store) -> Arrangement:
    said = store.backup
    if said is None:
        raise AssertionError("it has one")
    place = Place.of(stack.project, stack.environment)
    asked = [one for one in (said.access_key, said.secret_key) if one]
    found = backend_of(stack, root).get(asked) if asked else {}
    if missing := [one for one in asked if one not in found]:
        hint = f"fairlead secrets set {stack.environment} {missing[0]}"
        raise Refused(f"no value for {', '.join(missing)}, which the backups of {store.name} need", hint)
    target = Target(
        filled(stack, said.to), said.endpoint and filled(stack, said.endpoint), said.region,
        found.get(said.access_key or ""), found.get(said.secret_key or ""),
        said.ca and filled(stack, said.ca),
    )  # fmt: skip
    recipients = partial(_recipients, stack, root, store)
    return Arrangement(place, stack.runtime, store, said, target, recipients, _url(stack, root, store))


def _url(stack: Stack, root: Path, store: Store) -> Secret | None:
    if runs(store):
        return None
    from fairlead.operations.db.chosen import url_of  # noqa: PLC0415 — only of somebody else's

    return url_of(stack, root, store)


def _recipients(stack: Stack, root: Path, store: Store) -> tuple[str, ...]:
    """Those that are named, else whoever can open the environment's secrets."""
    said = store.backup.recipients if store.backup else ()
    if said:
        return said
    if stack.secret_backend.kind == "age":
        from fairlead.secrets.age_file import AgeFile, file_of  # noqa: PLC0415 — only of that kind

        file = AgeFile(file_of(root, stack.environment), stack.environment)
        if file.exists():
            return file.recipients()
    what = f"nobody is named who can read the backups of {store.name}"
    raise Refused(what, "name them under `backup`: recipients: [age1…]; `fairlead secrets recipients me` shows yours")


def identities() -> tuple[Any, ...]:
    """The keys of this user. FairleadError for a file of keys that cannot be used."""
    need("pyrage", "the encryption of backups")
    from fairlead.secrets.identities import keys  # noqa: PLC0415 — only where something is decrypted

    return keys().identities


def drill_identities(one: Arrangement, backup_id: str) -> tuple[Any, ...]:
    """Those of the file that `drill.key` names and no others, since it is that copy which a drill shall prove."""
    file = one.store.drill.key if one.store.drill else None
    if file is None:
        return require_identities(backup_id)
    need("pyrage", "the encryption of backups")
    from fairlead.secrets.identities import keys_of  # noqa: PLC0415 — only where something is decrypted

    return keys_of(Path(file))


def require_identities(backup_id: str) -> tuple[Any, ...]:
    """The same. Refused when there is none."""
    found = identities()
    if not found:
        hint = "give the key of one of its recipients, in SOPS_AGE_KEY say"
        raise Refused(f"there is no key here that could open backup {backup_id}", hint)
    return found
