"""How a PostgreSQL that is a program of this machine is reached, by whoever knows its name alone."""

from __future__ import annotations

from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores.folder import StoreFolder
from fairlead.stores.process import ProcessStores
from fairlead.system.home import Place


def socket_of(place: Place, name: str) -> dict[str, str] | None:
    """libpq's parameters; None when it was never made."""
    path = place.stores / name
    kept = StoreFolder(path, path).kept()
    where = ProcessStores(place).socket(kept.store) if kept else None
    return {"host": where.host, "port": str(where.port), "user": SUPERUSER} if where else None
