"""`fairlead render`: the files that are generated of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.render import Result
    from fairlead.project.project import Project


@verb("fairlead render production", "fairlead render --check --diff", name="render")
@environment(required=False)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR",
    help="Where to (default: rendered/ENV beside the project file).",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when something would change (for CI).")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--force", is_flag=True, help="Replace files that were edited by hand or came from elsewhere.")
def command(
    session: Session, environment: str | None, output: Path | None, check: bool, diff: bool, force: bool
) -> None:
    """Write every file that is generated of ENV: Traefik, supervisord, Compose, and your own templates filled in.

    Without ENV it is done for each environment that was rendered before. The same project gives the same bytes. The
    folder is replaced whole or not at all; files in it that Fairlead did not write stay, and none that you edited is
    overwritten. No value of a secret is in any of them.
    """
    from fairlead.operations.render import rendered  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    names = (environment,) if environment else rendered(project)
    if not names or (output and not environment):
        raise UsageError("which environment?", f"{project.file} has {', '.join(project.environments)}")
    done = {name: _one(project, name, output, (check, diff, force)) for name in names}
    ok = not any(result.changes for result, _ in done.values())
    data = {"project": project.name, "ok": ok, "environments": {name: _data(*one) for name, one in done.items()}}
    words = ("would write", "would remove") if check or diff else ("wrote", "removed")
    session.answer(data, "\n".join(_text(*one, words) for one in done.values()))
    if check and not ok:
        click.get_current_context().exit(1)


def _one(project: Project, name: str, output: Path | None, flags: tuple[bool, bool, bool]) -> tuple[Result, str]:
    """What was done or would be, and its diff."""
    from fairlead.operations.render import look, render  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.rendered import Rendered, differences  # noqa: PLC0415

    check, diff, force = flags
    if not (check or diff):
        return render(project, name, output, force), ""
    result, files = look(project, name, output)
    return result, differences(Rendered.read(result.folder), files, result.changes) if diff else ""


def _data(result: Result, diff: str) -> dict[str, Any]:
    changes = result.changes
    return {
        "folder": str(result.folder), "files": list(result.files), "written": list(changes.written),
        "removed": list(changes.removed), "foreign": dict(changes.foreign), "at_deployment": list(result.secret),
        "diff": diff,
    }  # fmt: skip


def _text(result: Result, diff: str, words: tuple[str, str]) -> str:
    changes = result.changes
    lines = diff.splitlines()
    lines += [f"{green('+')} {words[0]} {path}" for path in changes.written]
    lines += [f"{yellow('-')} {words[1]} {path}" for path in changes.removed]
    lines += [f"{yellow('!')} {path} is {why}" for path, why in changes.foreign.items()]
    lines += [dim(f"  {path} uses secrets: handed over at deployment, never written here") for path in result.secret]
    state = "" if changes else ", as they should be"
    return "\n".join([*lines, f"{count(len(result.files), 'file')} in {result.folder}{state}"])
