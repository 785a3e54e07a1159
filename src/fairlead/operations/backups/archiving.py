"""What the container of a PostgreSQL needs so that pgBackRest takes its log: the program, its settings, the place."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.catalogue import Owner
from fairlead.backups.destinations.table import S3_SCHEME
from fairlead.backups.engines.pgbackrest.config import INSIDE, REPOSITORY
from fairlead.backups.engines.pgbackrest.program import without
from fairlead.backups.engines.pgbackrest.repository import FOLDER
from fairlead.backups.engines.pgbackrest.serving import have_folder
from fairlead.errors import Refused
from fairlead.operations.backups.arrangement import folders
from fairlead.operations.images import filled
from fairlead.project.access import archives
from fairlead.project.stack import Stack, Store
from fairlead.render.container import ContainerSpec
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.engine.engine import Engine

ASKED = 60.0  #: seconds for an answer


def volumes_of(stack: Stack, store: Store) -> tuple[str, ...]:
    """What it is handed. Nothing of one that is no container, or whose log nobody takes in this way."""
    if stack.runtime != "docker" or not archives(store):
        return ()
    reads, _ = folders(Place.of(stack.project, stack.environment), store.name)
    return f"{reads}:{INSIDE}", f"{_repository(stack, store)}:{REPOSITORY}"


def _repository(stack: Stack, store: Store) -> Path:
    to = _to(stack, store)
    return Path(to) / Owner(stack.project, stack.environment, store.name).prefix / FOLDER


def _to(stack: Stack, store: Store) -> str:
    to = filled(stack, store.backup.to) if store.backup else ""
    if to.startswith(S3_SCHEME):
        what = f"store {store.name}: in a container pgBackRest keeps to a folder, and this goes to {S3_SCHEME}"
        raise Refused(what, "use a folder, or engine: builtin")
    return to


def ready(stack: Stack, stores: Sequence[Store], images: Mapping[str, str]) -> None:
    """Have what is to be handed to these stores, of the images by their names. Refused; then nothing was touched."""
    wanted = [store for store in stores if volumes_of(stack, store)]
    if not wanted:
        return
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine

    place = Place.of(stack.project, stack.environment)
    for store in wanted:
        require(Engine(), place, store, images[store.name])
    for store in wanted:
        reads, own = folders(place, store.name)
        for folder in (reads, own):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _repository(stack, store)
        if not path.is_dir():
            have_folder(path, Path(_to(stack, store)), passable=False)


def require(engine: Engine, place: Place, store: Store, image: str) -> None:
    """Refused when its image has no pgbackrest, or PostgreSQL would be its first process: that takes the end of any
    other for a crash."""
    from fairlead.engine.owner import Owner as Namer  # noqa: PLC0415 — only with an engine

    if not store.container.security.init:
        raise Refused(
            f"store {store.name}: PostgreSQL is the first process of its container, and takes the end of a process of "
            "pgBackRest for a crash of its own", "leave init at true, or use engine: builtin",
        )  # fmt: skip
    owner = Namer.of(place)
    # a dot: no store has one; its own: two may ask at one time
    name = owner.name(f"{store.name}.asked-{secrets.token_hex(4)}")
    spec = ContainerSpec(
        name=name, image=image, entrypoint=("sh",), argv=("-c", "command -v pgbackrest"), restart="no",
        labels=owner.labels("helper", asked=store.name), user="65534:65534",
    )  # fmt: skip
    try:
        engine.start(engine.create(spec))
        code = engine.wait(name, ASKED)
    finally:
        engine.remove(name)
    if code != 0:
        raise without(f"the image of store {store.name}")
