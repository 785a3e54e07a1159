"""Where the data of a store or a volume is at hand, beside its server: its folders, and who can move them.

On Docker a container of our own has the volumes, of the store's own image and without any network. It goes at the end;
what a killed one left goes first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.redis import Live
from fairlead.backups.scratch import Ground, copy_name, forget_claim, room
from fairlead.backups.shell import Contained, Here, Shell
from fairlead.backups.spot import SIDE, Spot
from fairlead.errors import Refused
from fairlead.project.stack import Container, RuntimeName, Security, Store
from fairlead.render.container import ContainerSpec, Mount
from fairlead.stores import programs
from fairlead.stores.folder import Kept, StoreFolder
from fairlead.system.files import remove_tree
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.engine.engine import Engine
    from fairlead.engine.facts import ContainerFacts
    from fairlead.engine.owner import Owner

VOLUMES, REDIS_DATA = "/volumes", "/data"  #: where our own container has them
WAITING = 'trap "exit 0" TERM; while :; do sleep 1; done'
MOVER = ("CHOWN", "DAC_OVERRIDE", "FOWNER")  #: of root who moves what belongs to others
REDIS = ("redis-server", "redis-cli", "redis-check-rdb")
ASIDE = "aside"  #: folder beside the data of a store that is a program of this machine


@dataclass(frozen=True)
class Spots:
    """The folders of one store."""

    store: Store
    spots: tuple[Spot, ...]
    programs: Mapping[str, str]  #: path by name; those of a container are found by their names
    helper: tuple[Engine, str] | None = None  #: the container that has them


def kept_of(place: Place, name: str) -> Kept:
    """A store as it was made. Refused when it never was."""
    path = place.stores / name
    kept = StoreFolder(path, path).kept()
    if kept is None:
        raise Refused(f"{name} was never made", f"deploy: fairlead deploy {place.environment}")
    return kept


@contextlib.contextmanager
def spots_of(place: Place, runtime: RuntimeName, store: Store) -> Iterator[Spots]:
    """Those of a store that Fairlead runs, whether or not it does now, or of a volume. Refused."""
    if store.path is not None:
        yield Spots(store, (_folder(store.path, side_of(Path(store.path))),), {})
    elif runtime == "docker":
        with _contained(place, store) as found:
            yield found
    else:
        kept_of(place, store.name)
        folder = place.stores / store.name
        found_programs = programs.require(REDIS, f"a copy of {store.name}") if store.kind == "redis" else {}
        yield Spots(store, (_folder(str(folder / "data"), str(folder / ASIDE)),), found_programs)


def side_of(path: Path) -> str:
    """Beside the folder; within it where that is a file system by itself, as names change within one alone."""
    alone = path.is_dir() and path.stat().st_dev != path.parent.stat().st_dev
    return str(path / SIDE) if alone else f"{path}{SIDE}"


def _folder(data: str, side: str) -> Spot:
    return Spot("", Here(), data, side)


def live_redis(place: Place, runtime: RuntimeName, store: Store) -> Live:
    """A Redis that runs. Refused."""
    kept = kept_of(place, store.name)
    if runtime != "docker":
        folder = place.stores / store.name
        found = programs.require(REDIS, f"the backup of {store.name}")
        return Live(Here(), str(folder / "data"), str(folder / "conf"), kept.port, found)
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415
    from fairlead.render.stores.ground import ground_of  # noqa: PLC0415
    from fairlead.stores.kinds.table import kind_of  # noqa: PLC0415

    engine, owner = Engine(), Owner.of(place)
    facts = engine.container(owner.name(store.name))
    if facts is None or not facts.running or not owner.owns(facts.labels):
        raise Refused(f"{store.name} does not run", f"start it: fairlead stores apply {place.environment}")
    ground = ground_of(kind_of(store), store)
    return Live(Contained(engine, facts.name), ground.data, ground.conf, ground.port, {})


@contextlib.contextmanager
def copies_of(place: Place, runtime: RuntimeName, store: Store, names: Sequence[str]) -> Iterator[Spots]:
    """Empty folders for a trial, one for each of these volumes, with which nobody works; gone at the end. Refused."""
    if runtime == "docker" and store.path is None:
        with _contained(place, store, names) as found:
            yield found
        return
    found_programs = programs.require(REDIS, f"a copy of {store.name}") if store.kind == "redis" else {}
    for left in (place.root / "copies").glob(f"{store.name}.copy-*"):  # of one that was killed: one tries it at a time
        if left.is_dir():
            remove_tree(left)
            forget_claim(left)
    with room(Ground(place.root / "copies", {}), copy_name(store.name)) as path:
        yield Spots(store, (_folder(str(path / "data"), str(path / ASIDE)),), found_programs)


@contextlib.contextmanager
def _contained(place: Place, store: Store, copies: Sequence[str] | None = None) -> Iterator[Spots]:
    """`copies`: with empty volumes of these names instead of its own."""
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415

    engine, owner = Engine(), Owner.of(place)
    use = "volumes" if copies is None else "copy"
    for left in engine.containers(owner.labels("helper", **{use: store.name})):
        engine.remove(left.name)
    volumes, image = _volumes(engine, owner, place, store)
    volumes = volumes if copies is None else dict.fromkeys(copies or ("data",), "")
    name = owner.name(store.name, use)
    try:
        engine.start(engine.create(_spec(owner, store, volumes, image, use)))
        shell = Contained(engine, name)
        yield Spots(store, tuple(_spot(one, path, shell) for one, path in _paths(store, volumes).items()), {},
                    (engine, name))  # fmt: skip
    finally:
        engine.remove(name)


def _paths(store: Store, volumes: Mapping[str, str]) -> dict[str, str]:
    """Where our own container has them. Redis's where its image has it, so that it is of who runs there."""
    return {one: REDIS_DATA if store.kind == "redis" else f"{VOLUMES}/{one}" for one in volumes}


def _spot(volume: str, data: str, shell: Shell) -> Spot:
    return Spot(volume, shell, data, f"{data}/{SIDE}")


def _spec(owner: Owner, store: Store, volumes: Mapping[str, str], image: str, use: str) -> ContainerSpec:
    """Of Redis as who it runs as, who owns all of its files; of any other as root, who may move what others own."""
    redis, paths = store.kind == "redis", _paths(store, volumes)
    return ContainerSpec(
        name=owner.name(store.name, use), image=image, entrypoint=("sh",), argv=("-c", WAITING), restart="no",
        labels=owner.labels("helper", **{use: store.name}), stop_grace=2.0,
        user=(store.container.user or "redis") if redis else "0:0",
        mounts=tuple(Mount("volume", source, paths[one]) for one, source in volumes.items()),
        security=Security() if redis else replace(Security(), root=True, cap_add=MOVER),
    )  # fmt: skip


def _volumes(engine: Engine, owner: Owner, place: Place, store: Store) -> tuple[dict[str, str], str]:
    """What the engine calls each, by our name for it; and the image of who uses them. Refused."""
    if store.kind == "volume":
        source = owner.name(store.name)
        if not owner.owns((engine.volume(source) or {}).get("Labels")):
            hint = f"a service has it, `volumes: [{store.name}:/FOLDER]`, once it was deployed"
            raise Refused(f"there is no volume {source}", hint)
        return {store.name: source}, _image(engine, owner, source)
    from fairlead.engine.volumes import own_volumes  # noqa: PLC0415 — only with an engine

    kept = kept_of(place, store.name)
    own = kept.store.container
    own = replace(own, volumes=own_volumes(engine, owner, store.name, own.volumes))
    return named_volumes(replace(kept.store, container=own), owner), kept.image


def named_volumes(store: Store, owner: Owner) -> dict[str, str]:
    """The volumes of a store in an engine, each of which has a name, by these. Refused when it has none."""
    from fairlead.render.stores.container import container_of  # noqa: PLC0415
    from fairlead.render.stores.ground import ground_of  # noqa: PLC0415 — only with an engine
    from fairlead.stores.kinds.table import kind_of  # noqa: PLC0415

    kind = kind_of(store)
    made = container_of(replace(store, container=_bare(store.container)), kind, ground_of(kind, store), owner.name, "")
    found = [one for one in made.mounts if one.kind == "volume"]
    if store.kind == "redis":
        found = [one for one in found if one.target == kind.keeps(store)]
    if not found:
        raise Refused(f"{store.name} keeps nothing in a volume", "its folders of this machine are yours to copy")
    return {one.source.removeprefix(owner.name("")): one.source for one in found}


def _bare(own: Container) -> Container:
    return replace(own, compose={})


def _image(engine: Engine, owner: Owner, source: str) -> str:
    """Of the edge, which has a shell, else of who uses it. Refused."""
    there = engine.containers(owner.labels())
    edges = [one for one in there if one in engine.containers(owner.labels("edge"))]
    users = [one for one in there if source in volumes_in(one)]
    for one in (*edges, *users):
        return one.image
    raise Refused(f"nobody uses volume {source}", "have the environment run: fairlead up")


def volumes_in(facts: ContainerFacts) -> set[str]:
    """Those that a container has."""
    return {str(one.get("Name")) for one in facts.raw.get("Mounts") or () if one.get("Type") == "volume"}


def users_of(engine: Engine, owner: Owner, source: str) -> tuple[str, ...]:
    """The containers that run with a volume, but for our own."""
    from fairlead.engine.owner import label  # noqa: PLC0415 — only with an engine

    found = (one for one in engine.containers(owner.labels()) if one.running and source in volumes_in(one))
    return tuple(one.name for one in found if label(one.labels, "kind") != "helper")
