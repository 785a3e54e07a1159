"""The folder of one store on this machine: what it was made as, its configuration, its certificate.

PLACE/stores/NAME/store.json has the declaration, `conf` what the store reads. Where a store runs as another user than
Fairlead, what it reads and keeps is in a folder of that user's (`inner`), since nobody else gets into a place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fairlead.certificates.kept import CURRENT, KeptCertificate
from fairlead.project.stack import Store, from_data, to_data
from fairlead.system.files import read_json, remove_tree, write_file, write_json
from fairlead.system.home import Place

NAME = re.compile(r"[a-z][a-z0-9-]*")
PRIVATE, SHARED = 0o600, 0o644
READ = "certificate.read"  #: which one the store has read
ASK = "ask"  #: what a kind says to log in


@dataclass(frozen=True, slots=True)
class Kept:
    """What is written down of a store."""

    store: Store
    fingerprint: str
    port: int
    image: str = ""  #: id of the one that it was made from

    def to_data(self) -> dict[str, Any]:
        """As it is written down."""
        return {"store": to_data(self.store), "fingerprint": self.fingerprint, "port": self.port, "image": self.image}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Kept:
        """As it was written down; an earlier Fairlead said nothing of images."""
        return cls(from_data(Store, data["store"]), data["fingerprint"], data["port"], data.get("image", ""))


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of the machine."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class StoreFolder:
    """One of them. `owner`: who runs the store when that is not who Fairlead runs as."""

    path: Path
    inner: Path
    owner: Owner | None = None
    contained: bool = False  #: a container reads it, as somebody this machine does not know; only its place is private

    @property
    def name(self) -> str:
        """The store's."""
        return self.path.name

    @property
    def conf(self) -> Path:
        """What the store reads."""
        return self.inner / "conf"

    @property
    def certificate(self) -> Path:
        """Its certificate and key."""
        return self.conf / "certificate"

    @property
    def data(self) -> Path:
        """What it keeps, of a program of this machine."""
        return self.inner / "data"

    @property
    def mode(self) -> int:
        """Of files in `conf`."""
        return SHARED if self.contained else PRIVATE

    def create(self) -> None:
        """Have the folders."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.owner:
            self.inner.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.inner.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.conf.mkdir(mode=0o755, exist_ok=True)

    def kept(self) -> Kept | None:
        """None when it was never made."""
        data = read_json(self.path / "store.json")
        return Kept.from_data(data) if data else None

    def keep(self, kept: Kept) -> None:
        """Write down what it is."""
        write_json(self.path / "store.json", kept.to_data(), PRIVATE)

    def write(self, files: Mapping[str, str]) -> None:
        """Have these files in `conf`; one that is the same already is left alone.

        What stood in `ask` before is kept: whoever changes a password has to know the one that counts.
        """
        for name, text in files.items():
            path, data = self.conf / name, text.encode(errors="surrogateescape")
            before = path.read_bytes() if path.exists() else None
            if before is not None and before != data and name == ASK:
                write_file(self.conf / f"{ASK}.before", before, self.mode)
            if before != data:
                write_file(path, data, self.mode)

    def has_read(self) -> bool:
        """Whether the store has read the certificate that is there now: one of which it was not told ends unseen."""
        noted = self.path / READ
        return noted.exists() and noted.read_text() == self._certificate_name()

    def unread(self) -> bool:
        """Whether there is one that it has not."""
        return (self.certificate / CURRENT).is_symlink() and not self.has_read()

    def pem(self) -> str:
        """The certificate that is there now, and those of its issuers."""
        return KeptCertificate(self.certificate).cert_path.read_text()

    def certified(self, now: datetime) -> datetime:
        """When that one was made; now where it cannot be read."""
        found = KeptCertificate(self.certificate).read(now)
        return found.not_before if found else now

    def note_read(self) -> None:
        """It has, or will when it starts."""
        write_file(self.path / READ, self._certificate_name(), PRIVATE)

    def _certificate_name(self) -> str:
        return str((self.certificate / CURRENT).readlink())

    def give(self) -> None:
        """Have it belong to who runs the store."""
        if self.owner is None:
            return
        for folder, folders, files in os.walk(self.inner):
            if folder == str(self.inner):
                folders[:] = [name for name in folders if not name.startswith("data")]
            for path in (folder, *(f"{folder}/{name}" for name in files)):
                os.chown(path, self.owner.uid, self.owner.gid, follow_symlinks=False)

    def forget(self) -> None:
        """All but its data."""
        (self.path / "store.json").unlink(missing_ok=True)
        remove_tree(self.conf)


def names(place: Place) -> tuple[str, ...]:
    """The stores of a place that were ever made."""
    folder = place.stores
    found = (path.name for path in folder.iterdir() if (path / "store.json").exists()) if folder.is_dir() else ()
    return tuple(sorted(name for name in found if NAME.fullmatch(name)))
