"""The images of a stack: which there are, where they come from, and who logs in to get them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError, Refused
from fairlead.operations.logins_kept import keep_logins, kept_logins
from fairlead.project.image_name import ImageName
from fairlead.project.placeholders import expand
from fairlead.project.stack import Container, Job, Service, Stack
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.artifacts import Release
    from fairlead.artifacts.images import ImageStore, Wanted
    from fairlead.engine.login import Login
    from fairlead.masking import Secret
    from fairlead.operations.secrets.supply import Supply

Say = Callable[[str], None]


def containers(stack: Stack) -> Iterator[tuple[Service | Job, Container]]:
    """Every service and job with what its container is like. A job runs from the image of the service it is like."""
    for one in stack.services:
        yield one, one.container
    for job in stack.jobs:
        donor = next((one for one in stack.services if one.name == job.like), None)
        yield job, donor.container if donor else Container()


def fetched(stack: Stack) -> tuple[Wanted, ...]:
    """The images that exist somewhere and are not built here. FairleadError for a name that is none."""
    from fairlead.artifacts.images import Wanted  # noqa: PLC0415 — only where there is an engine

    found = [(item.name, one) for item, one in containers(stack) if one.image is not None and one.build is None]
    return tuple(
        Wanted(name, image_name(stack, name, one.image or ""), one.platform, one.pull_policy) for name, one in found
    )


def image_name(stack: Stack, item: str, text: str) -> ImageName:
    """A name as the project file has it, variables put in. FairleadError when that gives none."""
    try:
        return ImageName.parse(filled(stack, text))
    except ValueError as error:
        raise FairleadError(f"{item}: {error}", "see `fairlead env show`, which has the values put in") from error


def filled(stack: Stack, text: str) -> str:
    """With what is known before there is a release."""
    return expand(text, {**stack.variables, "PROJECT": stack.project, "ENVIRONMENT": stack.environment})


def filled_all(stack: Stack, value: Any) -> Any:
    """The same data, with every text in it filled. KeyError for what is known only when there is a release."""
    if isinstance(value, Mapping):
        return {key: filled_all(stack, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled_all(stack, one) for one in value]
    return filled(stack, value) if isinstance(value, str) else value


def image_store(place: Place, logins: dict[str, Login] | None = None) -> ImageStore:
    """The images of a project in the engine of this machine. Nothing is asked of it yet."""
    from fairlead.artifacts.images import ImageStore  # noqa: PLC0415
    from fairlead.engine.engine import Engine  # noqa: PLC0415
    from fairlead.engine.images import Images  # noqa: PLC0415
    from fairlead.engine.owner import Owner  # noqa: PLC0415

    return ImageStore(Images(Engine(), logins or {}), Owner.of(place).home, place.project)


def have_images(place: Place, release: Release, tell: Say, known: dict[str, Login] | None = None) -> None:
    """Have those of a release here again, should somebody have removed one. FairleadError.

    `known`: who we are to registries; None: as at the last deployment or, where a registry does not take that any more,
    by what the secret is now.
    """
    pinned, kept = release.pinned(), kept_logins(place) if known is None else known
    if not pinned:
        return
    platforms = {
        release.artifacts[item.name]: one.platform
        for item, one in containers(release.stack)
        if one.platform and item.name in release.artifacts
    }
    try:
        image_store(place, kept).ensure(pinned, tell, platforms)
    except FairleadError:
        newer = _newer(place, release, kept) if known is None else {}
        if not newer:
            raise
        image_store(place, newer).ensure(pinned, tell, platforms)
        keep_logins(place, newer)


def _newer(place: Place, release: Release, kept: Mapping[str, Login]) -> dict[str, Login]:
    """Who we are to the registry now, where its secret has another value since and can be read here."""
    from fairlead.operations.secrets.supply import Supply  # noqa: PLC0415 — only where an image is missing

    root = release.machine.get("root")
    with contextlib.suppress(FairleadError):
        found = logins(Supply(release.stack, Path(str(root)), place)) if root else {}
        if any(domain not in kept or kept[domain].config() != one.config() for domain, one in found.items()):
            return found
    return {}


def logins(supply: Supply) -> dict[str, Login]:
    """Who the project says that we are. Refused when the secret has no value; Unavailable."""
    from fairlead.engine.login import Login  # noqa: PLC0415

    registry = supply.stack.registry
    if registry is None or registry.secret is None or registry.user is None:
        return {}
    domain = ImageName.parse(f"{registry.url}/x").domain
    return {domain: Login(domain, registry.user, values(supply, (registry.secret,))[registry.secret])}


def values(supply: Supply, names: tuple[str, ...]) -> dict[str, Secret]:
    """The values of secrets that images are built or fetched with. Refused, with the names, when one is missing."""
    found = supply.backend.get(names) if names else {}
    missing = [name for name in names if not found.get(name)]
    if missing:
        raise Refused(f"no value for {', '.join(missing)} in {supply.backend.where}", supply.hint(missing))
    return found


def one_at_a_time(say: Say) -> Say:
    """For what several threads tell: whoever shows it is told by one of them at a time."""
    lock = threading.Lock()

    def told(text: str) -> None:
        with lock:
            say(text)

    return told
