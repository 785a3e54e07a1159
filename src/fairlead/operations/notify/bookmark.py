"""How far each receiver was told. Written before a message leaves and after it arrived.

A keeper that is killed in between leaves a bookmark that says so. Nobody can know then whether the message arrived,
so it is sent once more, and says that it may be a second time: better twice than never.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Of one receiver."""

    after: int  #: everything up to this entry was told, or was nothing to tell
    through: int | None = None  #: the last entry of the message that is under way
    tries: int = 0  #: how often that one failed
    open: bool = False  #: an attempt began and nobody knows how it ended
    sent: tuple[float, ...] = ()  #: when the last messages left, wall clock, seconds

    def trying(self, through: int) -> Bookmark:
        """An attempt is about to begin."""
        return replace(self, through=through, tries=self.tries if through == self.through else 0, open=True)

    def failed(self) -> Bookmark:
        """It did not arrive."""
        return replace(self, tries=self.tries + 1, open=False)

    def done(self, through: int, remembered: int) -> Bookmark:
        """It arrived, or was given up."""
        sent = (*self.sent, time.time())[-remembered:]
        return Bookmark(max(self.after, through), sent=sent)

    def lately(self, seconds: float) -> list[float]:
        """How many seconds ago messages left, as far as that is within `seconds`; a clock set back counts as now."""
        now = time.time()
        return [max(0.0, now - moment) for moment in self.sent if now - moment < seconds]


def path_of(place: Place, receiver: str) -> Path:
    """Its file."""
    return place.notify / f"{receiver}.json"


def load(place: Place, receiver: str, since: int, head: int) -> Bookmark:
    """The bookmark; of a new receiver at `since`. Of one whose file is damaged at `head`, so that no history is sent.

    So is one beyond the head, which is of another ledger.
    """
    try:
        data = read_json(path_of(place, receiver))
        found = Bookmark(**data | {"sent": tuple(data["sent"])}) if data else Bookmark(since)
    except (FairleadError, TypeError, KeyError):
        return Bookmark(head)
    return replace(found, after=max(found.after, since)) if found.after <= head else Bookmark(head)


def save(place: Place, receiver: str, bookmark: Bookmark) -> None:
    """Durably."""
    write_json(path_of(place, receiver), asdict(bookmark), 0o600)
