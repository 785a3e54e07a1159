"""A certificate as files that change whole: a reader finds the old pair or the new one, never a half of each.

FOLDER/NUMBER/cert.pem and key.pem; FOLDER/current is a link to the number that counts. Who can only be told paths is
told those below `current`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fairlead.certificates.certificate import Certificate, read_certificate
from fairlead.certificates.internal import DAYS, InternalCa
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.system.files import remove_tree, sync_folder, write_file

CURRENT = "current"


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """One certificate in a folder of its own."""

    folder: Path
    key_mode: int = 0o600  #: of the file with the key

    @property
    def cert_path(self) -> Path:
        """The certificate and those of its issuers."""
        return self.folder / CURRENT / "cert.pem"

    @property
    def key_path(self) -> Path:
        """Its key."""
        return self.folder / CURRENT / "key.pem"

    def read(self, now: datetime | None = None) -> Certificate | None:
        """What is there; None when there is none that can be used at `now`."""
        try:
            cert, key = self.cert_path.read_text(), Secret(self.key_path.read_text())
            return read_certificate(cert, key, str(self.folder), now)
        except (OSError, ValueError, FairleadError):
            return None

    def keep(self, found: Certificate) -> None:
        """Have this one from now on; FairleadError (disk full …) leaves the one before."""
        fresh = self.folder / secrets.token_hex(8)
        fresh.mkdir(mode=0o755, parents=True)
        try:
            write_file(fresh / "key.pem", found.key_pem.reveal(), self.key_mode)
            write_file(fresh / "cert.pem", found.cert_pem)
            link = self.folder / f".{fresh.name}"
            link.symlink_to(fresh.name)
            link.replace(self.folder / CURRENT)
            sync_folder(self.folder)
        except BaseException:
            remove_tree(fresh)
            raise
        self._forget(fresh.name)

    def _forget(self, kept: str) -> None:
        for path in self.folder.iterdir():
            if path.name not in (CURRENT, kept):
                with contextlib.suppress(OSError):
                    remove_tree(path)

    def renew(
        self, authority: InternalCa, names: Sequence[str], addresses: Sequence[str] = (), days: float = DAYS,
        now: datetime | None = None,
    ) -> bool:  # fmt: skip
        """Have one of the authority's for these names that is not due yet. Whether another one was made."""
        moment = now or datetime.now(UTC)
        there = self.read(moment)
        wanted = {*names, *addresses}
        if there and set(there.names) == wanted and not there.due(moment) and self._is_of(authority):
            return False
        self.keep(authority.issue(names, addresses, days))
        return True

    def _is_of(self, authority: InternalCa) -> bool:
        return self.cert_path.read_text().endswith(authority.root_pem)
