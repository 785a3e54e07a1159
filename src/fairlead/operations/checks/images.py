"""Checks of images: can they be had, and are they for the machine that is to run them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fairlead.artifacts.image_builder import Recipe
from fairlead.artifacts.images import ImageStore, Origin, Wanted, distinct, misfit, platform_of
from fairlead.engine.building import no_buildkit
from fairlead.engine.buildkit import find_buildkit
from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok
from fairlead.operations.images import fetched, image_store, logins
from fairlead.operations.made import recipes
from fairlead.operations.secrets.supply import Supply
from fairlead.system.threads import side_by_side


def examine(supply: Supply) -> Iterator[Check]:
    """Nothing where nothing is a container. Registries are asked, nothing is brought from them."""
    if supply.stack.runtime == "process":
        return
    try:
        store = image_store(supply.place, logins(supply))
        wanted, machine = fetched(supply.stack), store.images.engine.facts().architecture
    except FairleadError as error:
        yield failed("images", error.message, error.hint or "")
        return
    yield from side_by_side([partial(_image, store, one, machine) for one in distinct(wanted)])
    yield from _builds(supply, store)


def _image(store: ImageStore, wanted: Wanted, machine: str) -> Check:
    try:
        origin = store.find(wanted, lambda text: None)
    except FairleadError as error:
        return failed("images", error.message, error.hint or "")
    platforms = _platforms(origin)
    wrong = misfit(wanted, platforms, machine) if platforms else None
    if wrong:
        return failed("images", *wrong)
    where = "is here" if origin.here else "is to be pulled"
    pinned = f" ({origin.digest[:19]})" if origin.digest else ""
    return ok("images", f"{wanted.name}{pinned} {where}")


def _builds(supply: Supply, store: ImageStore) -> Iterator[Check]:
    """What is built: from what, and with what."""
    seen: dict[str, Recipe] = {}
    try:
        for recipe in recipes(supply, store):
            seen.setdefault(recipe.content, recipe)
            if recipe.secrets and find_buildkit(store.images.engine) is None:
                yield failed("images", *no_buildkit(recipe.item, recipe.secrets))
    except FairleadError as error:
        yield failed("images", error.message, error.hint or "")
    for content, recipe in seen.items():
        facts = store.built(content, recipe.name)
        yield ok("images", f"{recipe.item}: {'was built' if facts else 'is to be built'} ({content[:12]})")


def _platforms(origin: Origin) -> tuple[str, ...]:
    return (platform_of(origin.here),) if origin.here else origin.platforms
