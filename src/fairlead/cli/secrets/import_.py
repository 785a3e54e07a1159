"""`fairlead secrets import`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fairlead.cli.secrets import VERBS, given
from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.verb import environment, verb


@verb(
    "fairlead secrets import production .env.production", "vault-export | fairlead secrets import production -",
    name="import", short=VERBS["import"],
)  # fmt: skip
@environment()
@click.argument("source", type=click.Path(path_type=Path, allow_dash=True), metavar="SOURCE")
@click.option("--replace", is_flag=True, help="Take the file's value where there is another one already.")
def command(session: Session, environment: str, source: Path, replace: bool) -> None:
    """Take over the secrets of ENV from a .env file (-: standard input), read as Docker Compose reads it.

    Only names that the project file declares as secrets are taken, and no placeholders. The file itself stays: take it
    out of git, and away, when everything has its value.
    """
    from fairlead.operations.secrets.importing import import_values  # noqa: PLC0415 — start-up is part of the product

    done = import_values(session.project(), environment, given.content(source), str(source), replace)
    lines = [
        f"{green('✓')} {len(done.new)} new, {len(done.changed)} changed, {len(done.same)} the same in {done.where}"
    ]
    if done.skipped:
        lines.append(f"{yellow('!')} empty or a placeholder, left alone: {', '.join(done.skipped)}")
    if done.undeclared:
        lines.append(dim(f"not declared as secrets, left alone: {', '.join(done.undeclared)}"))
    session.answer({"environment": environment, **asdict(done)}, "\n".join(lines))
