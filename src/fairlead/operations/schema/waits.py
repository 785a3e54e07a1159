"""What of a release waits until the one before is gone, as the ledger has it."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.artifacts.files import folder_name
from fairlead.artifacts.release import Release
from fairlead.ledger import Ledger
from fairlead.operations.restored import since
from fairlead.operations.schema.kept import contract_of, moved

BEGUN, DONE, FAILED = "contract.begun", "contract.done", "contract.failed"


@dataclass(frozen=True, slots=True)
class Waits:
    """What of the live release waits. `files`: their paths."""

    release: str
    files: tuple[str, ...]
    failed: str = ""  #: why the last try failed


def waits(ledger: Ledger, release: Release | None) -> Waits | None:
    """None where nothing does: there are no such files, or these very files have been seen to."""
    files = files_of(release) if release else ()
    if release is None or not files:
        return None
    last = ledger.last(DONE, FAILED)
    mine = last is not None and last.data.get("files") == folder_name(release.migrations)
    stores = {store.name for store, one in moved(release.stack) if contract_of(one, release.migrations)}
    if mine and last is not None and last.kind == DONE and not since(ledger, DONE, stores):
        return None
    return Waits(release.id, files, str(last.data.get("reason", "")) if mine and last is not None else "")


def files_of(release: Release) -> tuple[str, ...]:
    """Paths of all files of contract folders that a release was deployed with."""
    return tuple(path for _, one in moved(release.stack) for path in contract_of(one, release.migrations))
