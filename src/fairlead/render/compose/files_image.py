"""The image of a service that is only files: made by Fairlead, so Compose can only be told what it is called."""

from __future__ import annotations

from typing import Any

from fairlead.errors import FairleadError
from fairlead.project.placeholders import expand
from fairlead.project.stack import Job, Service, Stack
from fairlead.render.compose.values import Reference, literal, values_in

TAG = "${FAIRLEAD_TAG:?name the tag that fairlead push has given it}"


def files_image(stack: Stack, one: Service | Job) -> dict[str, Any]:
    """As `fairlead push` names it. FairleadError where there is no registry to pull it from."""
    if stack.registry is None:
        what = f"{one.name}: its image is made of files by Fairlead, and Compose has no registry to pull it from"
        raise FairleadError(what, "add `registry`, and push it: fairlead push; or give it `build` with a Dockerfile")
    registry = expand(stack.registry.url, values_in(stack))
    return {"image": Reference(f"{literal(registry)}/{stack.project}-{_named_after(stack, one)}:{TAG}")}


def _named_after(stack: Stack, one: Service | Job) -> str:
    """As `operations.made.named_after`: of what is built from the same there is one image."""
    if isinstance(one, Job):
        return one.like or one.name
    shares = one.like and stack.service(one.like).container.build == one.container.build
    return one.like if one.like and shares else one.name
