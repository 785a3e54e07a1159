"""The volumes of an environment in the engine: made when they are missing, kept for ever, never somebody else's."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import PREFIX, Owner
from fairlead.render.container import Mount
from fairlead.render.short_forms import mount, own

NAMING = "2"  #: a label of volumes, since those without a name are not shared
WHOSE = "see whose it is: docker volume inspect {name}; or have another name in the project file"


def ensure_volumes(engine: Engine, owner: Owner, mounts: Iterable[Mount]) -> None:
    """Have those that are mounted. EngineError when one is somebody else's.

    Two environments can come to one name: `b-c` of the project `a`, and `c` of `a-b`.
    """
    for name in (one.source for one in mounts if one.kind == "volume"):
        if is_foreign(engine, owner, name):
            raise EngineError(f"volume {name} is there and is not Fairlead's", WHOSE.format(name=name))
        engine.create_volume(name, owner.labels("volume", naming=NAMING))


def own_volumes(engine: Engine, owner: Owner, item: str, volumes: Iterable[str]) -> tuple[str, ...]:
    """Those of a service or store, where one without a name is nobody else's, but for jobs that are like that service.

    Once all shared the one that is called as the path: where that was made then, it stays what it is, with its data.
    """
    return tuple(text if _shared(engine, owner, text) else own(text, item) for text in volumes)


def _shared(engine: Engine, owner: Owner, text: str) -> bool:
    """Whether that volume without a name was made when they were shared."""
    found = engine.volume(mount(text, owner.name).source) if own(text, "") != text else None
    labels = (found or {}).get("Labels") or {}
    return owner.owns(labels) and PREFIX + "naming" not in labels


def is_foreign(engine: Engine, owner: Owner, name: str) -> bool:
    """Whether there is one of that name, and not of this environment."""
    found = engine.volume(name)
    return found is not None and not owner.owns(found.get("Labels"))
