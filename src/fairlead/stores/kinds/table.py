"""The kinds of stores there are."""

from __future__ import annotations

from fairlead.project.access import managed
from fairlead.project.stack import Store
from fairlead.stores.kinds.base import StoreKind
from fairlead.stores.kinds.plain import Plain
from fairlead.stores.kinds.postgres import Postgres
from fairlead.stores.kinds.redis import Redis
from fairlead.stores.kinds.s3 import S3

KINDS: dict[str, StoreKind] = {"postgres": Postgres(), "redis": Redis(), "s3": S3(), "container": Plain()}


def kind_of(store: Store) -> StoreKind:
    """That of a store. One with a command of its own is run as it is, whatever it calls itself."""
    return KINDS[store.kind if managed(store) else "container"]
