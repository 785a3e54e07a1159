"""Images that are built here, each content once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairlead.artifacts.commit import Commit, labels_of, tags_of
from fairlead.artifacts.context import Buildable, Context
from fairlead.artifacts.images import CALLED, CONTENT, Image, ImageStore, Wanted, digest_of, misfit, plain, platform_of
from fairlead.engine.building import BuildOrder, build
from fairlead.engine.dockerfile import fixed_platform
from fairlead.engine.facts import ImageFacts
from fairlead.engine.images import Patience
from fairlead.engine.registry_failures import RegistryError
from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.project.image_name import ImageName
from fairlead.project.stack_container import Build
from fairlead.system.files import explained
from fairlead.system.lock import held_lock

GLANCE = Patience(stall=10.0, tries=1)  #: for a registry that may have the image; else it is built
PATIENCE = 3600.0  #: seconds to wait for another one who builds the same


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what an image is, and what it is called."""

    item: str  #: the service or job
    context: Buildable
    build: Build
    args: dict[str, str]  #: those of `build`, variables put in
    platform: str
    name: ImageName | None = None  #: the repository that it is named in; None: nowhere
    title: str = ""
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """64 hex digits: the same content is the same image."""
        return self.context.digest(self.build, self.args, self.platform)


@dataclass(frozen=True)
class ImageBuilder:
    """Builds for one project."""

    store: ImageStore
    locks: Path  #: folder
    commit: Commit
    owner: str = ""  #: who builds, for the message that another one gets

    def find(self, recipe: Recipe) -> Image | None:
        """The image, when it is here: built here, or built elsewhere and brought from where its name says."""
        facts = self.store.built(recipe.content, recipe.name)
        return _image(facts, recipe) if facts else None

    def ensure(self, recipe: Recipe, say: Callable[[str], None], fresh: bool = False) -> tuple[Image, bool]:
        """The image, built now if it is not there, or `fresh`; and whether it was built now.

        Where the registry has the image of this very commit, made of the same content, that one is brought: a CI job
        has built it. Errors as `build`; when another process builds the same, it waits and uses that one.
        """
        self.locks.mkdir(parents=True, exist_ok=True)
        lock = self.locks / f"image-{recipe.content[:2]}"
        with held_lock(lock, self.owner, f"the build of {recipe.item}", PATIENCE, say):
            found = None if fresh else self.find(recipe) or self._bring(recipe, say)
            return (found, False) if found else (self._build(recipe, say, fresh), True)

    def _bring(self, recipe: Recipe, say: Callable[[str], None]) -> Image | None:
        """From the registry, by the tag of the commit; None when it has no such image, or cannot be asked."""
        if recipe.name is None or not self.commit.id or self.commit.dirty:
            return None
        name = ImageName.parse(recipe.name.tagged(tags_of(self.commit, recipe.content)[0]))
        images = replace(self.store.images, patience=GLANCE)
        try:
            digest = images.look_up(name, say).digest
            say(f"pulling {name}, which was built already")
            self.store.images.pull(name, digest, recipe.platform, say)
        except RegistryError as error:
            if not error.absent:
                say(f"{error.message}; building {recipe.item} here")
            return None
        facts = self.store.facts(name.at(digest))
        if facts.labels.get(CONTENT) != recipe.content or platform_of(facts) != recipe.platform:
            say(f"{name} is made of something else; building {recipe.item} here")
            return None
        image = Image(facts, name.at(digest), "pulled")
        self.store.keep(image)
        return image

    def _build(self, recipe: Recipe, say: Callable[[str], None], fresh: bool) -> Image:
        _require_no_other(recipe, self.store.images.engine.facts().architecture)
        images, name = self.store.images, f"{self.store.repository}:building-{recipe.content[:16]}"
        called = {CALLED: recipe.name.familiar} if recipe.name else {}
        labels = labels_of(self.commit, recipe.content, recipe.title) | {CONTENT: recipe.content} | called
        try:
            with tempfile.TemporaryFile() as archive:
                recipe.context.write(archive, None if self.commit.dirty else self.commit.moment, say)
                order = BuildOrder(
                    item=recipe.item, context=archive, name=name, dockerfile=recipe.context.dockerfile,
                    target=recipe.build.target, args=recipe.args, labels=labels, platform=recipe.platform,
                    secrets=recipe.secrets, fresh=fresh,
                )  # fmt: skip
                id = build(images.engine, order, images.logins, say)
        except OSError as error:
            raise explained(error, Path(os.environ.get("TMPDIR", tempfile.gettempdir()))) from error
        image = _image(self.store.facts(id), recipe)
        try:
            _require_platform(image, recipe)
            self.store.keep(image)
        finally:
            images.untag(name)
        return image


def _require_no_other(recipe: Recipe, machine: str) -> None:
    """Refused where a Dockerfile names a platform of its own: some builders call that what they were asked for."""
    context = recipe.context
    if not isinstance(context, Context):
        return
    text = (context.root / context.dockerfile).read_text(errors="replace")
    line, own = fixed_platform(text, recipe.build.target)
    made = f"linux/{machine}" if "BUILDPLATFORM" in own else own or recipe.platform
    if plain(made) not in ("", plain(recipe.platform)):
        what = f"{recipe.item}: {context.dockerfile}:{line} is of {own}, and it is to run on {recipe.platform}"
        raise Refused(what, "take the --platform out of that FROM, or name another `platform`")


def _require_platform(image: Image, recipe: Recipe) -> None:
    """Refused where a base image is here for another platform alone: the classic builder takes it without a word."""
    name = recipe.name or ImageName.parse(recipe.item)
    if wrong := misfit(Wanted(recipe.item, name, recipe.platform), (platform_of(image.facts),), ""):
        raise Refused(wrong[0], "see the base image of its Dockerfile: docker image inspect IMAGE")


def _image(facts: ImageFacts, recipe: Recipe) -> Image:
    digest = digest_of(facts, recipe.name) if recipe.name else None
    pinned = recipe.name.at(digest) if recipe.name and digest else ""
    return Image(facts, pinned, "built")
