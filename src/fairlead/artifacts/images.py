"""Images as artifacts: had before anything changes, named by what they hold, kept while a release names them.

What a release names is the id of an image, the hash of its content. Beside it stands the name with the digest of the
registry, by which the same image is fetched again should somebody remove it.

An image that a release needs may have no name and no container for a while, and would be pruned by whoever tidies up.
So each gets a tag of ours, in a registry that cannot be (RFC 2606), which also says how it came to be here: what was
brought or built for a release goes when none names it any more, what was here before stays.

    fairlead.invalid/HOME/PROJECT:pulled-ID     brought here from a registry
    fairlead.invalid/HOME/PROJECT:built-ID      built here
    fairlead.invalid/HOME/PROJECT:found-ID      was here
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from fairlead.artifacts.release import IMAGE as ID
from fairlead.engine.engine import MACHINES
from fairlead.engine.facts import ImageFacts
from fairlead.engine.images import Images, Remote, Tell
from fairlead.engine.registry_failures import RegistryError
from fairlead.errors import FairleadError, Refused
from fairlead.project.image_name import ImageName
from fairlead.project.stack_container import PullPolicy
from fairlead.system.threads import side_by_side

SYSTEMS = ("linux", "windows")
KEPT = "fairlead.invalid"

CALLED = "dev.fairlead.called"  #: label of an image built here: the repository that it was named in
CONTENT = "dev.fairlead.content"  #: label of an image built here: the hash of what it was built from

How = Literal["pulled", "built", "found"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that a service or job runs from."""

    item: str  #: the service or job
    name: ImageName
    platform: str | None = None  #: None: what the engine runs
    policy: PullPolicy = "always"

    @property
    def source(self) -> tuple[object, ...]:
        """The same for all who want the same."""
        return (self.name, self.platform, self.policy)


def distinct(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """One for each source, in their order."""
    found: dict[tuple[object, ...], Wanted] = {}
    for one in wanted:
        found.setdefault(one.source, one)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is here."""

    facts: ImageFacts
    pinned: str  #: its name with the registry's digest; the name alone when no registry has it
    how: How

    @property
    def id(self) -> str:
        """`sha256:…` of its content."""
        return self.facts.id


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the image is to come from: it is here, or a registry has it under a digest."""

    wanted: Wanted
    here: ImageFacts | None
    digest: str | None = None  #: None: no registry knows it
    platforms: tuple[str, ...] = ()  #: that a registry has it for; empty: it does not say


class ImageStore:
    """The images of one project of a home, in an engine."""

    def __init__(self, images: Images, home: str, project: str) -> None:
        """`home`: what `Owner` calls it, so that two homes of one machine do not tidy up each other's images."""
        self.images = images
        self.repository = f"{KEPT}/{home}/{project}"

    def exists(self, id: str) -> bool:
        """Whether an image is here."""
        return self.images.engine.image(id) is not None

    def find(self, wanted: Wanted, tell: Tell) -> Origin:
        """Where it would come from, without bringing it. RegistryError; FairleadError when it may not be asked for."""
        name, here = wanted.name, self.images.engine.image(wanted.name.asked())
        if here is not None and name.digest is not None:
            return Origin(wanted, here, name.digest)
        if here is not None and (wanted.policy != "always" or not digest_of(here, name)):
            return Origin(wanted, here, digest_of(here, name))
        if wanted.policy == "never":
            what = f"{wanted.item}: image {name} is not here, and pull_policy is never"
            raise FairleadError(what, "build or load it on this machine, or let it be pulled: pull_policy: missing")
        remote = self._asked(wanted, here, tell)
        return Origin(wanted, self._there(wanted, remote), remote.digest, remote.platforms)

    def _there(self, wanted: Wanted, remote: Remote) -> ImageFacts | None:
        """What is here of it: of a list of several platforms, the image of the one that is wanted."""
        found = self.images.engine.image(wanted.name.at(remote.digest))
        if found is None or len(remote.platforms) < 2:
            return found
        return None if misfit(wanted, (platform_of(found),), self.images.engine.facts().architecture) else found

    def _asked(self, wanted: Wanted, here: ImageFacts | None, tell: Tell) -> Remote:
        """What the registry says; where it says nothing, with what could be had without it."""
        try:
            return self.images.look_up(wanted.name, tell)
        except RegistryError as error:
            if here is None:
                raise
            pinned = wanted.name.at(digest_of(here, wanted.name) or here.id)
            way = f"to do with what is here, write `image: {pinned}`, or `pull_policy: missing`"
            raise RegistryError(error.message, f"{error.hint}; {way}", error.status) from error

    def fetch(self, wanted: Collection[Wanted], tell: Tell) -> dict[str, Image]:
        """The images of these items, all here and kept; what has to be pulled is pulled side by side.

        Errors as `find`; Refused for an image that is not for the machine it is to run on.
        """
        first = distinct(wanted)
        origins = side_by_side([partial(self.find, one, tell) for one in first])
        images = side_by_side([partial(self._have, origin, tell) for origin in origins])
        for one, image in zip(first, images, strict=True):
            self._keep_fitting(one, image)
        had = {one.source: image for one, image in zip(first, images, strict=True)}
        return {one.item: had[one.source] for one in wanted}

    def _have(self, origin: Origin, tell: Tell) -> Image:
        name, platform = origin.wanted.name, origin.wanted.platform
        pinned = name.at(origin.digest) if origin.digest else str(name)
        if origin.here is not None:
            return Image(origin.here, pinned, "found")
        if origin.digest is None:
            raise AssertionError("an image that is not here has a digest in a registry")
        tell(f"pulling {name}")
        self._pull(name, origin.digest, platform, tell)
        return Image(self.facts(pinned), pinned, "pulled")

    def _pull(self, name: ImageName, digest: str, platform: str | None, tell: Tell) -> None:
        """Have it here by its digest, which in an engine names one image: of a list, that of the platform pulled last.

        The one before keeps a tag of ours.
        """
        if before := self.images.engine.image(name.at(digest)):
            self.keep(Image(before, name.at(digest), "found"))
            self.images.untag(name.at(digest))
        self.images.pull(name, digest, platform, tell)

    def facts(self, reference: str) -> ImageFacts:
        """Of one that has to be here, by id or reference. FairleadError when it is not."""
        found = self.images.engine.image(reference)
        if found is None:
            raise FairleadError(f"image {reference} went away while it was fetched", "run the command again")
        return found

    def _keep_fitting(self, wanted: Wanted, image: Image) -> None:
        wrong = misfit(wanted, (platform_of(image.facts),), self.images.engine.facts().architecture)
        if wrong:
            raise Refused(*wrong)
        self.keep(image)

    def keep(self, image: Image) -> None:
        """Have it stay until `sweep` finds that no release names it."""
        mark = image.id.removeprefix(ID)
        held = {tag.rpartition(":")[2] for tag in image.facts.tags if tag.startswith(f"{self.repository}:")}
        if not any(tag.endswith(f"-{mark}") for tag in held):
            self.images.tag(image.id, ImageName.parse(f"{self.repository}:{image.how}-{mark}"))

    def built(self, content: str, name: ImageName | None = None) -> ImageFacts | None:
        """The newest image of that content that was built here, or brought from the repository of `name`.

        A label alone proves nothing: anybody can set it.
        """
        for id in self.images.labelled({CONTENT: content}):
            facts, mark = self.images.engine.image(id), id.removeprefix(ID)
            if facts is None:
                continue
            brought = name is not None and digest_of(facts, name) is not None
            if f"{self.repository}:built-{mark}" in facts.tags or (
                brought and f"{self.repository}:pulled-{mark}" in facts.tags
            ):
                return facts
        return None

    def ensure(self, images: Mapping[str, str], tell: Tell, platforms: Mapping[str, str] | None = None) -> None:
        """Have the images of a release here again, by id and pinned name. FairleadError for one that cannot be had.

        `platforms`: those that were named, by id; of a list of several the pinned name alone says too little.
        """
        for id, pinned in images.items():
            if not self.exists(id):
                self._fetch_again(id, pinned, (platforms or {}).get(id), tell)

    def _fetch_again(self, id: str, pinned: str, platform: str | None, tell: Tell) -> None:
        name = ImageName.parse(pinned) if pinned else None
        if name is None or name.digest is None:
            what = f"image {id[:19]} ({pinned or 'built here'}) was removed from this machine, and no registry has it"
            raise FairleadError(what, "deploy its commit again")
        tell(f"image {pinned} was removed from this machine; pulling it again")
        self._pull(name, name.digest, platform, tell)
        facts = self.facts(pinned)
        if facts.id != id:
            raise FairleadError(f"{pinned} is {facts.id[:19]} now, and was {id[:19]}", "deploy its commit again")
        self.keep(Image(facts, pinned, "pulled"))

    def sweep(self, used: Collection[str]) -> tuple[str, ...]:
        """Let go of the images that are not in `used` (ids); those that we brought or built go. Their ids."""
        gone = []
        for tag in self.images.tags(self.repository):
            how, _, mark = tag.rpartition(":")[2].partition("-")
            if ID + mark not in used:
                self._let_go(ID + mark, tag, how)
                gone.append(ID + mark)
        return tuple(gone)

    def unneeded(self, used: Collection[str]) -> dict[str, int]:
        """What `sweep` would remove: ids, and bytes. Those that were here before only lose a tag."""
        found = {}
        for tag in self.images.tags(self.repository):
            how, _, mark = tag.rpartition(":")[2].partition("-")
            facts = self.images.engine.image(ID + mark) if how != "found" and ID + mark not in used else None
            if facts is not None:
                found[facts.id] = facts.size
        return found

    def _let_go(self, id: str, tag: str, how: str) -> None:
        """What was brought or built for us goes with all the names it got by that; a name of others keeps it."""
        facts = self.images.engine.image(id)
        if facts is None or how == "found":
            self.images.untag(tag)
            return
        called = facts.labels.get(CALLED)
        others = [one for one in facts.tags if one != tag and one.rpartition(":")[0] != called]
        names = [one for one in facts.tags if one not in others and one != tag]
        for name in (*names, *(() if others else facts.digests), tag):  # ours last: it is how the next sweep knows
            if not self.images.untag(name):
                return


def platform_of(facts: ImageFacts) -> str:
    """`linux/amd64`."""
    return f"{facts.os}/{facts.architecture}"


def misfit(wanted: Wanted, made_for: Collection[str], machine: str) -> tuple[str, str] | None:
    """What is wrong, and what helps, when an image is `made_for` other platforms than the one it is to run on.

    `machine` is the engine's architecture. Nothing is guessed: what is named under `platform` is what runs.
    """
    runs = wanted.platform or f"linux/{machine}"
    if plain(runs) in map(plain, made_for):
        return None
    what = f"{wanted.item}: image {wanted.name} is for {', '.join(made_for)}, and it is to run on {runs}"
    if wanted.platform is None:
        named = " or ".join(f"`platform: {one}`" for one in made_for)
        return what, f"have it made for {runs}, or name {named} where the engine can run that"
    return what, f"have it made for {runs}, or name another `platform`"


def plain(platform: str) -> str:
    """By the names that images have, without the variant: one of arm64 may say v8 or not. "" for a system alone."""
    first, _, rest = platform.lower().partition("/")
    if not rest and first in SYSTEMS:
        return ""
    system, architecture = (first, rest.partition("/")[0]) if rest else ("linux", first)
    return f"{system}/{MACHINES.get(architecture, architecture)}"


def digest_of(facts: ImageFacts, name: ImageName) -> str | None:
    """The digest under which the repository of `name` has it, when it came from there."""
    found = (one.rpartition("@") for one in facts.digests)
    return next((digest for repository, _, digest in found if repository == name.familiar), None)
