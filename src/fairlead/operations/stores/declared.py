"""The stores of an environment as they are to be made: variables put in, images here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from fairlead.errors import Refused
from fairlead.operations.images import filled, filled_all, image_name, image_store, logins
from fairlead.operations.secrets.supply import Supply
from fairlead.project.access import archives, runs
from fairlead.project.stack import Stack, Store
from fairlead.render.compose_keys import KEYS
from fairlead.stores.kinds.table import kind_of

Say = Callable[[str, str], object]


def declared(stack: Stack, root: Path) -> tuple[Store, ...]:
    """Those that Fairlead runs, with the values of variables, and paths from `root`, the folder of the project file."""
    return tuple(_filled(stack, store, root) for store in stack.stores if runs(store))


def _filled(stack: Stack, store: Store, root: Path) -> Store:
    one = store.container
    image, user = (filled(stack, text) if text else text for text in (one.image, one.user))
    volumes = (*(_placed(filled(stack, text), root) for text in one.volumes), *_archived(stack, store))
    told = {key: filled_all(stack, value) if key in KEYS else value for key, value in one.compose.items()}
    return replace(
        store,
        command=filled(stack, store.command) if store.command else None,
        env={name: filled(stack, text) for name, text in store.env.items()},
        container=replace(one, image=image, user=user, volumes=volumes, compose=told),
    )


def _archived(stack: Stack, store: Store) -> tuple[str, ...]:
    if stack.runtime != "docker" or not archives(store):
        return ()
    from fairlead.operations.backups.archiving import volumes_of  # noqa: PLC0415 — only of such a store

    return volumes_of(stack, store)


def _placed(volume: str, root: Path) -> str:
    """A folder of the project by its whole path."""
    return f"{root / volume}" if volume.startswith(".") else volume


def fetched(supply: Supply, stores: Iterable[Store], say: Say) -> dict[str, str]:
    """The images of these stores, all here; the id of each by the store's name. Nothing where no container is made.

    Refused when one would run as root and nobody allowed it.
    """
    wanted = tuple(stores)
    if supply.stack.runtime != "docker" or not wanted:
        return {}
    from fairlead.artifacts.images import Wanted  # noqa: PLC0415 — only where there is an engine
    from fairlead.stores.docker import image_of  # noqa: PLC0415

    asked = [Wanted(one.name, image_name(supply.stack, f"store {one.name}", image_of(one)), None, "missing")
             for one in wanted]  # fmt: skip

    def tell(text: str) -> None:
        say("build", text)

    found = image_store(supply.place, logins(supply)).fetch(asked, tell)
    require_users(wanted, {name for name, image in found.items() if image.facts.runs_as_root})
    return {name: image.id for name, image in found.items()}


def require_users(stores: Iterable[Store], rooted: Collection[str]) -> None:
    """Refused when one of which only the file says how it runs is among `rooted`, those whose image runs as root.

    How those of kinds and presets run is Fairlead's to say.
    """
    if found := [one.name for one in stores if one.kind == "container" and not one.preset and as_image(one)
                 and one.name in rooted]:  # fmt: skip
        hint = "name a `user`, or allow it: security: {root: true}"
        raise Refused(f"store {', '.join(found)}: the image runs as root", hint)


def as_image(store: Store) -> bool:
    """Whether it runs as whoever its image says, and nobody allowed that this is root."""
    own = store.container
    return not own.user and not kind_of(store).user(store) and not own.security.root
