"""Having a store that runs count on the certificate that is there now, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground
from fairlead.stores.base import Reach
from fairlead.stores.folder import StoreFolder
from fairlead.stores.kinds.table import kind_of
from fairlead.stores.renewal import may_restart


def have_read(
    store: Store, folder: StoreFolder, ground: Ground, reach: Reach, restart: Callable[[], None], now: datetime
) -> bool:
    """Whether it was told of one that it had not read; one that does not read it again is started anew, at its hours.

    `restart` ends it and starts it. `now` has a zone. EngineError where it cannot be asked.
    """
    if folder.has_read():
        return False
    folder.give()
    found = kind_of(store).reload(ground, reach, folder.pem())
    if found == "old" and not may_restart(store.window, folder.certified(now), now):
        return False
    if found != "read":
        restart()
    folder.note_read()
    return True
