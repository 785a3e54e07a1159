"""`fairlead push`: the images of the live release, to their registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.images_of import BuiltImage


@verb("fairlead push staging", name="push", stream=True)
@environment()
def command(session: Session, environment: str) -> None:
    """Give the registry the images that were built for the live release of ENV. Nothing is built.

    A registry that is busy or breaks off is tried again; one that says no is not. The digest that it gives is kept
    with the release, so that the image can be fetched again should somebody remove it here.
    """
    from fairlead.cli.build import show_images  # noqa: PLC0415 — start-up is part of the product
    from fairlead.cli.outcome import simple  # noqa: PLC0415
    from fairlead.operations.images_of import push  # noqa: PLC0415

    project = session.project()
    done: list[BuiltImage] = []
    simple(session, f"pushing images of {environment}", lambda emit: done.extend(push(project, environment, emit)))
    show_images(session, tuple(done))
