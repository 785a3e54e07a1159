"""`fairlead render`: the files that are generated of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.render import Result


@verb("fairlead render production", "fairlead render production --check --diff", name="render")
@environment()
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR",
    help="Where to (default: rendered/ENV beside the project file).",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when something would change (for CI).")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--force", is_flag=True, help="Replace files that were edited by hand or came from elsewhere.")
def command(
    session: Session, environment: str, output: Path | None, check: bool, diff: bool, force: bool
) -> None:  # fmt: skip
    """Write every file that is generated of ENV: Traefik, supervisord, Compose, and your own templates filled in.

    The same project gives the same bytes. The folder is replaced whole or not at all; files in it that Fairlead did
    not write stay, and none that you edited is overwritten. No value of a secret is in any of them.
    """
    from fairlead.operations.render import look, render  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.rendered import Rendered, differences  # noqa: PLC0415

    project = session.project()
    if not (check or diff):
        result = render(project, environment, output, force)
        session.answer(_data(environment, result), _text(result, "wrote", "removed"))
        return
    result, files = look(project, environment, output)
    text = differences(Rendered.read(result.folder), files, result.changes) if diff else ""
    data = _data(environment, result) | ({"diff": text} if diff else {})
    session.answer(data, text.rstrip("\n") + "\n" * bool(text) + _text(result, "would write", "would remove"))
    if check and result.changes:
        click.get_current_context().exit(1)


def _data(environment: str, result: Result) -> dict[str, object]:
    changes = result.changes
    return {
        "environment": environment, "folder": str(result.folder), "ok": not changes, "files": list(result.files),
        "written": list(changes.written), "removed": list(changes.removed), "foreign": dict(changes.foreign),
        "at_deployment": list(result.secret),
    }  # fmt: skip


def _text(result: Result, wrote: str, removed: str) -> str:
    changes = result.changes
    lines = [f"{green('+')} {wrote} {path}" for path in changes.written]
    lines += [f"{yellow('-')} {removed} {path}" for path in changes.removed]
    lines += [f"{yellow('!')} {path} is {why}" for path, why in changes.foreign.items()]
    lines += [dim(f"  {path} uses secrets: handed over at deployment, never written here") for path in result.secret]
    state = "" if changes else ", as they should be"
    return "\n".join([*lines, f"{count(len(result.files), 'file')} in {result.folder}{state}"])
