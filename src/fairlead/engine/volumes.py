"""The volumes of an environment in the engine: made when they are missing, kept for ever, never somebody else's."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import Owner
from fairlead.render.container import Mount

WHOSE = "see whose it is: docker volume inspect {name}; or have another name in the project file"


def ensure_volumes(engine: Engine, owner: Owner, mounts: Iterable[Mount]) -> None:
    """Have those that are mounted. EngineError when one is somebody else's.

    Two environments can come to one name: `b-c` of the project `a`, and `c` of `a-b`.
    """
    for name in (one.source for one in mounts if one.kind == "volume"):
        if is_foreign(engine, owner, name):
            raise EngineError(f"volume {name} is there and is not Fairlead's", WHOSE.format(name=name))
        engine.create_volume(name, owner.labels("volume"))


def is_foreign(engine: Engine, owner: Owner, name: str) -> bool:
    """Whether there is one of that name, and not of this environment."""
    found = engine.volume(name)
    return found is not None and not owner.owns(found.get("Labels"))
