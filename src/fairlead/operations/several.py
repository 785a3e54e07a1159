"""Images for several platforms under one name: each is built by itself, then the registry is told that they are one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fairlead.errors import Refused
from fairlead.operations.made import builder
from fairlead.operations.secrets.supply import Supply
from fairlead.project.image_name import ImageName
from fairlead.system.machine import emulates

if TYPE_CHECKING:
    from fairlead.artifacts.image_builder import Recipe
    from fairlead.artifacts.images import ImageStore

Say = Callable[[str], None]

NATIVE = {"amd64": ("386",), "arm64": ("arm",)}  #: what processors run beside their own


def others(recipe: Recipe) -> tuple[Recipe, ...]:
    """The same for all other platforms that it is made for."""
    return tuple(replace(recipe, platform=one) for one in recipe.build.platforms if one != recipe.platform)


def require_buildable(recipes: Iterable[Recipe], machine: str) -> None:
    """Refused, before anything is built, for a platform of which nothing runs here. `machine`: the architecture."""
    for recipe in recipes:
        for one in others(recipe):
            if wrong := unbuildable(recipe, one.platform, machine):
                raise Refused(*wrong)


def unbuildable(recipe: Recipe, platform: str, machine: str) -> tuple[str, str] | None:
    """What is wrong, and what helps, when its build runs programs of a platform that this machine cannot run."""
    from fairlead.artifacts.context import Context  # noqa: PLC0415 — only where images are built
    from fairlead.engine.dockerfile import emulated_line  # noqa: PLC0415

    architecture, context = platform.split("/")[1], recipe.context
    runs = architecture == machine or architecture in NATIVE.get(machine, ()) or emulates(architecture)
    if runs or sys.platform != "linux" or not isinstance(context, Context):
        return None
    text = (context.root / context.dockerfile).read_text(errors="replace")
    line = emulated_line(text, recipe.build.target)
    if not line:
        return None
    why = f"{context.dockerfile}:{line} runs a program of it, and nothing here emulates that"
    what = f"{recipe.item}: {platform} cannot be built on this machine: {why}"
    hint = "install an emulator (Debian: qemu-user-static), or have that stage built FROM --platform=$BUILDPLATFORM"
    return what, f"{hint}, or build where that platform is"


def build_others(supply: Supply, store: ImageStore, recipe: Recipe, say: Say, fresh: bool) -> dict[str, str]:
    """The ids of the images for the other platforms, built now if they are not here; by platform."""
    found = {}
    for one in others(recipe):
        say(f"{one.item} for {one.platform}")
        image, _ = builder(supply, store, one.item).ensure(one, say, fresh)
        store.keep(image)
        found[one.platform] = image.id
    return found


def push_together(
    store: ImageStore, names: tuple[ImageName, ...], ids: Mapping[str, str], own: str, say: Say
) -> dict[ImageName, str]:
    """Give the registry the images, by platform, and each name as the list of them; the list's digest, by name.

    `own`: the platform of the image that stays known here under the list's digest. RegistryError.
    """
    digests: dict[ImageName, str] = {}
    for first in {name.familiar: name for name in reversed(names)}.values():
        same = [name for name in names if name.familiar == first.familiar]
        digests |= _listed(store, first, same, ids, say)
        for digest in {digests[name] for name in same}:
            store.images.pull(first, digest, own, say)
    return digests


def _listed(
    store: ImageStore, first: ImageName, same: list[ImageName], ids: Mapping[str, str], say: Say
) -> dict[ImageName, str]:
    """The lists of one repository, made of images that it has by then."""
    from fairlead.engine.manifests import put_list  # noqa: PLC0415 — only where images are pushed

    parts = {}
    for platform, id in ids.items():
        mark = replace(first, tag=f"{first.tag or 'latest'}-{platform.replace('/', '-')}")
        store.images.tag(id, mark)
        parts[platform] = store.images.push(mark, say)
        store.images.untag(str(mark))
        store.images.untag(first.at(parts[platform]))
    return {name: put_list(store.images, name, parts, say) for name in same}
