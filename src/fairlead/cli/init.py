"""`fairlead init`: a project file to begin with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, bold, green, yellow
from fairlead.cli.verb import verb

if TYPE_CHECKING:
    from fairlead.operations.adopt.left import Left


@verb("fairlead init", "fairlead init ./shop --name shop", name="init", file=False)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--name", metavar="NAME", help="The project's name (default: the folder's).")
@click.option("--force", is_flag=True, help="Replace a fairlead.yaml that is there.")
def command(session: Session, folder: Path, name: str | None, force: bool) -> None:
    """Write a fairlead.yaml for what is in FOLDER (default: here).

    Compose files, a Procfile, a Dockerfile, the files of Python, Node and Spring Boot projects and .env files are read;
    nothing of them is run. What could not be carried over is listed with its place.
    """
    from fairlead.operations.init import init  # noqa: PLC0415 — start-up is part of the product

    written = init(folder, force, name)
    lines = [f"{green('✓')} wrote {path}" for path in written.files]
    lines += [f"  {reason}" for reason in written.because]
    lines += _left(written.left)
    then = "fairlead deploy local" if written.runs else "fairlead env check, and fairlead render local"
    lines.append(f"look it over, then: {bold(then)}")
    data = {
        "files": [str(path) for path in written.files],
        "name": written.name,
        "because": list(written.because),
        "left": [{"kind": one.kind, **asdict(one.finding)} for one in written.left],
    }
    session.answer(data, "\n".join(lines))


_MEANING = {
    "lost": "not in the project",
    "hard-coded": "values that bypass the variables",
    "changed": "there in another form",
    "note": "good to know",
}


def _left(left: tuple[Left, ...]) -> list[str]:
    """What did not come over as it was, the worst first."""
    lines = []
    for kind, meaning in _MEANING.items():
        found = [f"  {one.finding}" for one in left if one.kind == kind]
        lines += [f"{yellow(kind)} ({meaning})", *found] if found else []
    return lines
