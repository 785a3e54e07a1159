"""Build the images of an environment, name them by the commit, and give them to a registry.

Neither needs the environment to run here: a CI job builds and pushes what another machine deploys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fairlead.artifacts.origin import owner_text
from fairlead.artifacts.release import Release, ReleaseStore
from fairlead.errors import ConfigurationError, Refused, UsageError
from fairlead.operations.environment import builds_lock
from fairlead.operations.images import containers, filled, image_name, image_store, logins, one_at_a_time
from fairlead.operations.made import build_images, called, commit_of, named_after, recipes
from fairlead.operations.promote import live_release
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.several import build_others, push_together, require_buildable
from fairlead.project.image_name import ImageName
from fairlead.project.project import Project
from fairlead.project.stack import Container, Stack
from fairlead.rollout.events import Emit, Event, silent
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

if TYPE_CHECKING:
    from fairlead.artifacts.commit import Commit
    from fairlead.artifacts.images import ImageStore

PATIENCE = 3600.0  #: seconds to wait while unused images are removed


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image, and who runs from it."""

    items: tuple[str, ...]  #: services and jobs
    image: str  #: id; of a plan, the content it would be built from where it is not here
    names: tuple[str, ...]  #: that it has, or would get
    new: bool  #: built by this call, or of a plan: to be built
    digest: str = ""  #: that the registry gave; empty: it was not pushed
    platforms: dict[str, str] = field(default_factory=dict)  #: of one that is made for several: their ids


@dataclass(frozen=True, slots=True)
class Options:
    """How to build."""

    push: bool = False
    fresh: bool = False  #: nothing of earlier builds


def chosen(project: Project, environment: str | None) -> str:
    """The environment to build for: the one that is named, else the only one that has images to build. UsageError."""
    if environment is not None:
        return environment
    names = [name for name in project.environments if _builds(project.outline(name))]
    if len(names) == 1:
        return names[0]
    what = f"{', '.join(names)} have images to build" if names else "no environment has images to build"
    raise UsageError(what, f"name one: fairlead build {names[0]}" if names else "give a service a `build`")


def _builds(stack: Stack) -> bool:
    return stack.runtime != "process" and any(one.build for _, one in containers(stack))


def _supply(project: Project, environment: str) -> Supply:
    """ConfigurationError when a value is missing; UsageError when nothing is built."""
    stack = project.outline(environment)
    if project.unmet[environment]:
        raise ConfigurationError(project.unmet[environment])
    if not _builds(stack):
        what = f"{environment} has no image to build"
        hint = "give a service a `build`" if stack.runtime != "process" else "it runs plain processes; see `runtime`"
        raise UsageError(what, hint)
    return Supply(stack, project.root, Place.of(project.name, environment))


def plan(project: Project, environment: str) -> tuple[BuiltImage, ...]:
    """What `build` would do now. Builds nothing."""
    supply = _supply(project, environment)
    store, commit = image_store(supply.place), commit_of(supply)
    rows: dict[str, BuiltImage] = {}
    for recipe in recipes(supply, store, with_secrets=False):
        there, container = store.built(recipe.content, recipe.name), _container(supply.stack, recipe.item)
        names = _named(supply.stack, recipe.item, container, recipe.name, _tags(commit, recipe.content))
        _add(rows, BuiltImage((recipe.item,), there.id if there else recipe.content, names, there is None))
    return tuple(rows.values())


def _add(rows: dict[str, BuiltImage], row: BuiltImage) -> None:
    """Those that are the same image are one row."""
    before = rows.get(row.image)
    if before is None:
        rows[row.image] = row
        return
    names = tuple(dict.fromkeys((*before.names, *row.names)))
    rows[row.image] = replace(before, items=(*before.items, *row.items), names=names)


def build(
    project: Project, environment: str, options: Options = Options(), emit: Emit = silent
) -> tuple[BuiltImage, ...]:
    """Build what is not here yet, name all of it and, with `push`, give it to the registry.

    BuildFailed, RegistryError, Refused, FairleadError.
    """
    supply, say = _supply(project, environment), _sayer(emit)
    rows: dict[str, BuiltImage] = {}
    with _kept(supply.place, say):
        store, commit = image_store(supply.place, logins(supply)), commit_of(supply)
        if options.push:
            _require_names(supply.stack)
            if any(len(one.build.platforms) > 1 for _, one in containers(supply.stack) if one.build):
                machine = store.images.engine.facts().architecture
                require_buildable(recipes(supply, store, with_secrets=False), machine)
        for item, one in build_images(supply, store, say, options.fresh).items():
            container = _container(supply.stack, item)
            tags = _tags(commit, one.recipe.content)
            names = _named(supply.stack, item, container, one.recipe.name, tags)
            more = build_others(supply, store, one.recipe, say, options.fresh) if options.push else {}
            platforms = {one.recipe.platform: one.image.id} | more if more else {}
            _add(rows, BuiltImage((item,), one.image.id, names, one.now, platforms=platforms))
        return tuple(_handed(store, supply.place, row, options.push, say) for row in rows.values())


def push(project: Project, environment: str, emit: Emit = silent) -> tuple[BuiltImage, ...]:
    """Give the registry the images that were built for the live release. Nothing is built. Errors as `build`."""
    supply, say = _supply(project, environment), _sayer(emit)
    release = live_release(supply.place)
    _require_names(release.stack)
    _require_one_platform(release.stack)
    store, rows = image_store(supply.place, logins(supply)), dict[str, BuiltImage]()
    with _kept(supply.place, say):
        for item, container in _built_of(release):
            id = release.artifacts[item]
            _add(rows, BuiltImage((item,), id, _names_of(store, supply, release, item, container), new=False))
        return tuple(_handed(store, supply.place, row, True, say) for row in rows.values())


def _built_of(release: Release) -> Iterator[tuple[str, Container]]:
    yield from ((item.name, one) for item, one in containers(release.stack) if one.build is not None)


def _names_of(store: ImageStore, supply: Supply, release: Release, item: str, container: Container) -> tuple[str, ...]:
    """By the commit that the release was made of."""
    from fairlead.artifacts.commit import read_commit  # noqa: PLC0415 — only where images are pushed
    from fairlead.artifacts.images import CONTENT  # noqa: PLC0415

    facts = store.facts(release.artifacts[item])
    commit = read_commit(supply.root, os.environ, release.origin.get("git"))
    name = called(release.stack, named_after(release.stack, item), container)
    return _named(release.stack, item, container, name, _tags(commit, facts.labels.get(CONTENT, facts.id[7:])))


def _handed(store: ImageStore, place: Place, row: BuiltImage, push: bool, say: Callable[[str], None]) -> BuiltImage:
    """With its names, and pushed by all of them."""
    names = [ImageName.parse(name) for name in row.names]
    for name in names:
        store.images.tag(row.image, name)
    if not push:
        return row
    if row.platforms:
        digests = push_together(store, tuple(names), row.platforms, next(iter(row.platforms)), say)
    else:
        digests = {name: store.images.push(name, say) for name in names}
    _note(place, row, names[0].at(digests[names[0]]))
    say(f"pushed {', '.join(row.names)}")
    return replace(row, digest=digests[names[0]])


def _note(place: Place, row: BuiltImage, pinned: str) -> None:
    """Releases that name the image learn where it is to be had."""
    releases = ReleaseStore(place.releases)
    for release in releases.all():
        mine = {item: pinned for item, artifact in release.artifacts.items() if artifact == row.image}
        if mine:
            releases.save(replace(release, images=release.images | mine))


def _require_names(stack: Stack) -> None:
    """Refused, before anything is built, when something cannot be pushed."""
    for item, one in containers(stack):
        if one.build is None:
            continue
        if called(stack, item.name, one) is None:
            what = f"{item.name}: there is no registry to push its image to"
            raise Refused(what, "add `registry: ghcr.io/acme`, or `image: ghcr.io/acme/api` beside `build`")


def _require_one_platform(stack: Stack) -> None:
    """Refused where a deployment has built for its own machine alone."""
    for item, one in containers(stack):
        if one.build is not None and len(one.build.platforms) > 1:
            what = f"{item.name}: it is made for {', '.join(one.build.platforms)}, and was built for this machine alone"
            raise Refused(what, f"build all and push them: fairlead build {stack.environment} --push")


def _tags(commit: Commit, content: str) -> tuple[str, ...]:
    from fairlead.artifacts.commit import tags_of  # noqa: PLC0415

    return tags_of(commit, content)


def _named(
    stack: Stack, item: str, container: Container, name: ImageName | None, tags: tuple[str, ...]
) -> tuple[str, ...]:
    """Everything that an image is called: by the commit, as its `image` says, and by `build.tags`."""
    more = container.build.tags if container.build else ()
    own = [name.tagged(tag) for tag in (*tags, *([name.tag] if name.tag else []))] if name else []
    return tuple(dict.fromkeys([*own, *(str(image_name(stack, item, filled(stack, one))) for one in more)]))


def _container(stack: Stack, item: str) -> Container:
    return next(one for each, one in containers(stack) if each.name == item)


def _kept(place: Place, say: Callable[[str], None]) -> AbstractContextManager[object]:
    """Nothing that is built meanwhile is removed as unused."""
    place.create()
    return held_lock(builds_lock(place), owner_text("build"), "the artifacts", PATIENCE, say, shared=True)


def _sayer(emit: Emit) -> Callable[[str], None]:
    return one_at_a_time(lambda text: emit(Event("build", text)))
