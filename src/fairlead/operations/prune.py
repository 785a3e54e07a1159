"""Remove what is no longer needed of an environment: as a plan first, then by the same rules as after a deployment.

A release that is live, warm, run by anything, or a way back is needed; an artifact or an image that any release of any
environment of the project names is too. Nothing that keeps data is ever among it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fairlead.artifacts.images import ImageStore
from fairlead.artifacts.release import ReleaseStore
from fairlead.operations.environment import Environment, existing
from fairlead.operations.images import image_store
from fairlead.project.stack import Rollout
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.prune import kept
from fairlead.rollout.prune import prune as forget
from fairlead.stores.aside import images_of
from fairlead.system.files import size_below
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Unneeded:
    """One thing that would go."""

    kind: Literal["release", "artifact", "image"]
    name: str
    size: int  #: bytes; of an image without what other images share with it

    def data(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def prune_plan(place: Place, keep: int | None = None) -> tuple[Unneeded, ...]:
    """What would go when `keep` releases are kept; None: as many as the live one says."""
    with existing(place) as environment:
        return tuple(_unneeded(environment, _keep(environment, keep)))


def prune(place: Place, keep: int | None = None, emit: Emit = silent) -> tuple[Unneeded, ...]:
    """Remove it; what went."""
    with existing(place, emit) as environment, environment.held("prune"):
        number = _keep(environment, keep)
        before = tuple(_unneeded(environment, number))
        forget(environment.world, number)
        left = {(one.kind, one.name) for one in _unneeded(environment, number)}
        return tuple(one for one in before if (one.kind, one.name) not in left)


def _keep(environment: Environment, given: int | None) -> int:
    live = environment.state.live
    release = environment.world.releases.load_or_none(live) if live else None
    return given if given is not None else (release.stack.rollout if release else Rollout()).keep


def _unneeded(environment: Environment, keep: int) -> Iterator[Unneeded]:
    place, world = environment.place, environment.world
    stay = kept(world, keep)
    for release in sorted(set(world.releases.ids()) - stay):
        own = (place.secrets / release, place.files / release)
        yield Unneeded("release", release, sum(map(size_below, own)))
    used = _named(place, stay)
    for digest in sorted(environment.artifacts.all() - used):
        yield Unneeded("artifact", digest, size_below(environment.artifacts.path(digest)))
    images = image_store(place) if _has_engine(environment) else None
    yield from _images(images, used) if images else ()


def _images(images: ImageStore, used: set[str]) -> Iterator[Unneeded]:
    for id, size in sorted(images.unneeded(used).items()):
        yield Unneeded("image", id, size)


def _named(place: Place, stay: set[str]) -> set[str]:
    """The artifacts that releases name: all of the other environments, and those of this one that stay. And what stores
    are made from, which no release names."""
    found = set()
    for folder in place.root.parent.iterdir():
        if folder.is_dir():
            releases = ReleaseStore(folder / "releases").all()
            mine = [one for one in releases if folder != place.root or one.id in stay]
            found |= {digest for one in mine for digest in one.artifacts.values()} | images_of(folder)
    return found


def _has_engine(environment: Environment) -> bool:
    live = environment.state.live
    release = environment.world.releases.load_or_none(live) if live else None
    return release is not None and release.stack.runtime == "docker"
