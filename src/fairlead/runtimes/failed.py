"""What an instance that failed wrote last: kept, since what it was started for is taken back, and its log with it."""

from __future__ import annotations

from fairlead.errors import FairleadError
from fairlead.system.files import write_file
from fairlead.system.home import Place

LINES = 5000  #: of its log
FILE = "failed.log"  #: in the environment's own folder; the next one that fails takes its place


def log_kept(place: Place, text: str) -> str | None:
    """Where it can be read, in words; None where nothing was written, or there is no room. `text` is masked."""
    path = place.root / FILE
    try:
        if text:
            write_file(path, f"{text}\n", 0o600)
    except FairleadError:
        return None
    return f"more of its log: {path}" if text else None
