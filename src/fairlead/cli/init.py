"""`fairlead init`: a project file to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.cli.session import Session, bold, green
from fairlead.cli.verb import verb


@verb("fairlead init", "fairlead init ./shop --name shop", name="init", file=False)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--name", metavar="NAME", help="The project's name (default: the folder's).")
@click.option("--force", is_flag=True, help="Replace a fairlead.yaml that is there.")
def command(session: Session, folder: Path, name: str | None, force: bool) -> None:
    """Write a fairlead.yaml for the Python or Node project in FOLDER (default: here).

    The application object, the dependencies and the health path are read from its files; nothing of it is run.
    """
    from fairlead.operations.init import init  # noqa: PLC0415 — start-up is part of the product

    written = init(folder, force, name)
    lines = [f"{green('✓')} wrote {path}" for path in written.files]
    lines += [f"  {reason}" for reason in written.because]
    lines.append(f"look it over, then: {bold('fairlead deploy local')}")
    data = {"files": [str(path) for path in written.files], "name": written.name, "because": list(written.because)}
    session.answer(data, "\n".join(lines))
