"""What the release of a stack of containers is made of: images, brought or built before anything changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fairlead.artifacts.origin import owner_text
from fairlead.errors import FairleadError, Refused
from fairlead.operations.images import (
    containers,
    fetched,
    filled,
    image_name,
    image_store,
    logins,
    one_at_a_time,
    values,
)
from fairlead.project.image_name import ImageName
from fairlead.project.stack import Container, Stack
from fairlead.project.stack_container import Build

if TYPE_CHECKING:
    from fairlead.artifacts.commit import Commit
    from fairlead.artifacts.context import Buildable
    from fairlead.artifacts.image_builder import ImageBuilder, Recipe
    from fairlead.artifacts.images import Image, ImageStore
    from fairlead.operations.secrets.supply import Supply

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """For each service and job its artifact and, where that is an image, what it is called."""

    artifacts: dict[str, str]
    images: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an item would be made of. `artifact` is the id when it is here, else what it will be known by until then."""

    artifact: str
    here: bool
    how: str  #: pulled or built


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built, or was there."""

    recipe: Recipe
    image: Image
    now: bool  #: it was built by this call


def make_images(supply: Supply, say: Say) -> Made:
    """Have all images of a stack here: ids, and what they are called.

    Errors as those of `ImageStore.fetch` and `ImageBuilder.ensure`.
    """
    without = [item.name for item, one in containers(supply.stack) if one.image is None and one.build is None]
    if without:
        raise FairleadError(f"{', '.join(without)}: there is no image to run from", "give it `image` or `build`")
    tell = one_at_a_time(say)
    store = image_store(supply.place, logins(supply))
    found = store.fetch(fetched(supply.stack), tell)
    found |= {name: one.image for name, one in build_images(supply, store, tell).items()}
    return Made({name: one.id for name, one in found.items()}, {name: one.pinned for name, one in found.items()})


def build_images(supply: Supply, store: ImageStore, say: Say, fresh: bool = False) -> dict[str, Built]:
    """Build what is built here and is not there yet; by item. Those that are built from the same are one image."""
    made: dict[str, Built] = {}
    found: dict[str, Built] = {}
    for recipe in recipes(supply, store):
        if recipe.content not in made:
            image, now = builder(supply, store, recipe.item).ensure(recipe, say, fresh)
            store.keep(image)
            made[recipe.content] = Built(recipe, image, now)
        found[recipe.item] = made[recipe.content]
    return found


def foreseen(supply: Supply) -> dict[str, Foreseen]:
    """What `make_images` would give, with nothing brought or built. Errors as those of `ImageStore.find`."""
    store = image_store(supply.place, logins(supply))
    found: dict[str, Foreseen] = {}
    for wanted in fetched(supply.stack):
        origin = store.find(wanted, lambda text: None)
        artifact = origin.here.id if origin.here else origin.digest or ""
        found[wanted.item] = Foreseen(artifact, origin.here is not None, "pulled")
    for recipe in recipes(supply, store, with_secrets=False):
        image = builder(supply, store, recipe.item).find(recipe)
        found[recipe.item] = Foreseen(image.id if image else recipe.content, image is not None, "built")
    return found


def recipes(supply: Supply, store: ImageStore, with_secrets: bool = True) -> Iterator[Recipe]:
    """Of everything that is built here. UsageError where there is nothing to build from; Refused as `platform_for`."""
    from fairlead.artifacts.image_builder import Recipe  # noqa: PLC0415 — only where images are built

    stack = supply.stack
    machine = ""
    for item, one in containers(stack):
        if one.build is None:
            continue
        machine = machine or f"linux/{store.images.engine.facts().architecture}"
        donor, platform = named_after(stack, item.name), platform_for(item.name, one, machine)
        yield Recipe(
            item.name, _context(supply, donor, one.build, platform), one.build,
            {name: filled(stack, value) for name, value in one.build.args.items()},
            platform, called(stack, donor, one), f"{stack.project}-{donor}",
            values(supply, one.build.secrets) if with_secrets else {},
        )  # fmt: skip


def _context(supply: Supply, service: str, build: Build, platform: str) -> Buildable:
    """The files that it is built from; of a service that is only files, the prepared ones, which are built when asked
    for. Refused when its server cannot be made for that platform."""
    from fairlead.artifacts import ArtifactStore  # noqa: PLC0415 — only where images are built
    from fairlead.artifacts.context import read_context  # noqa: PLC0415
    from fairlead.artifacts.site_image import SiteContext, require_own  # noqa: PLC0415

    if build.static is None:
        return read_context(supply.root, build)
    require_own(service, platform)
    trees, prepare = ArtifactStore(supply.place.artifacts), supply.stack.service(service).prepare
    source = supply.root / build.context
    digest = trees.digest_of(source, prepare)
    return SiteContext(service, build.static, digest, lambda say: trees.ensure(source, prepare, say).path)


def named_after(stack: Stack, item: str) -> str:
    """Whose name an image has: of an item that is like another one and built from the same, the other's."""
    one, container = next((each, one) for each, one in containers(stack) if each.name == item)
    return one.like if one.like and stack.service(one.like).container.build == container.build else item


def platform_for(item: str, one: Container, machine: str) -> str:
    """What it is built for: what is named, else what the engine runs. Refused when it is made for others only."""
    made_for = one.build.platforms if one.build else ()
    if one.platform:
        return one.platform
    if made_for and machine not in made_for:
        what = f"{item}: it is built for {', '.join(made_for)}, and it is to run on {machine}"
        raise Refused(what, f"add {machine} to build.platforms, or name `platform` where the engine can run another")
    return machine


def called(stack: Stack, item: str, one: Container) -> ImageName | None:
    """What a built image is called: its `image`, else by the registry of the project; None: nothing."""
    if one.image is not None:
        return image_name(stack, item, one.image)
    if stack.registry is None:
        return None
    return image_name(stack, item, f"{stack.registry.url}/{stack.project}-{item}")


def builder(supply: Supply, store: ImageStore, item: str) -> ImageBuilder:
    """Who builds, from the commit that the project's folder has."""
    from fairlead.artifacts.image_builder import ImageBuilder  # noqa: PLC0415

    return ImageBuilder(store, supply.place.artifacts / "locks", commit_of(supply), owner_text(f"build of {item}"))


def commit_of(supply: Supply) -> Commit:
    """That of the project's folder."""
    from fairlead.artifacts.commit import read_commit  # noqa: PLC0415

    return read_commit(supply.root, os.environ)
