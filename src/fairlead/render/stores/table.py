"""The kinds of stores there are, as containers. Pure."""

from __future__ import annotations

from fairlead.project.access import managed
from fairlead.project.stack import Store
from fairlead.render.stores import postgres, redis, s3
from fairlead.render.stores.ground import Ground, Shape
from fairlead.render.stores.plain import PlainShape

SHAPES: dict[str, Shape] = {
    "postgres": postgres.PostgresShape(), "redis": redis.RedisShape(), "s3": s3.S3Shape(), "container": PlainShape(),
}  # fmt: skip
_FILES = {"postgres": postgres.files_beside, "redis": redis.files_beside, "s3": s3.files_beside}


def shape_of(store: Store) -> Shape:
    """That of a store. One with a command of its own is run as it is, whatever it calls itself."""
    return SHAPES[store.kind if managed(store) else "container"]


def files_beside(store: Store, ground: Ground) -> dict[str, str]:
    """What it reads beside its secrets, by name in `conf`, where each secret is a file of its own; none is in them.

    `ask.sh` ends with 0 when it is well and has in it what it declares.
    """
    return _FILES[store.kind](store, ground) if managed(store) else {}
