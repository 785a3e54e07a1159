"""`fairlead build`: the images of an environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.images_of import BuiltImage


@verb(
    "fairlead build production",
    "fairlead build production --push",
    "fairlead build production --plan",
    name="build",
    stream=True,
)
@environment(required=False)
@click.option("--push", is_flag=True, help="Give the images to their registry.")
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be built and how it would be named.")
@click.option("--fresh", is_flag=True, help="Use nothing of earlier builds, and base images as registries have them.")
def command(session: Session, environment: str | None, push: bool, only_plan: bool, fresh: bool) -> None:
    """Build the images of ENV that have a `build`, and name them by the commit.

    What was built from the same files before is not built again. The names: sha-COMMIT, the branch, vX.Y.Z where the
    commit has that tag, latest on the default branch. ENV may be left out where only one has images to build.
    """
    from fairlead.cli.outcome import simple  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.images_of import Options, build, chosen, plan  # noqa: PLC0415

    project = session.project()
    name = chosen(project, environment)
    if only_plan:
        show_images(session, plan(project, name), planned=True)
        return
    options = Options(push, fresh)
    done: list[BuiltImage] = []
    simple(session, f"building {name}", lambda emit: done.extend(build(project, name, options, emit)))
    show_images(session, tuple(done))


def show_images(session: Session, rows: tuple[BuiltImage, ...], planned: bool = False) -> None:
    """Each image: who runs from it, what was done, and its names."""
    data = {"kind": "plan" if planned else "result", "ok": True, "images": [asdict(one) for one in rows]}
    session.answer(data, "\n".join(_text(one, planned) for one in rows))


def _text(one: BuiltImage, planned: bool) -> str:
    words = {(True, True): "must be built", (True, False): "is built", (False, True): "built"}
    did = "pushed" if one.digest else words.get((planned, one.new), "was built before")
    id = one.image.removeprefix("sha256:")[:12]
    lines = [f"{'' if planned else green('✓') + ' '}{', '.join(one.items)}  {id}  {did}"]
    lines += [f"    {name}" for name in one.names]
    return "\n".join([*lines, *([f"    {one.digest}"] if one.digest else [])])
