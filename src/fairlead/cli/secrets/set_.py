"""`fairlead secrets set`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fairlead.cli.secrets import VERBS, given
from fairlead.cli.session import Session, green, tell, yellow
from fairlead.cli.verb import environment, verb

WORDS = {"new": "kept", "changed": "changed", "same": "was the same"}


@verb(
    "fairlead secrets set production SMTP_PASSWORD",
    "pass show shop/smtp | fairlead secrets set production SMTP_PASSWORD",
    name="set", short=VERBS["set"],
)  # fmt: skip
@environment()
@click.argument("name")
@click.option("--from", "source", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Read the value from a file (-: standard input).")  # fmt: skip
def command(session: Session, environment: str, name: str, source: Path | None) -> None:
    """Keep a value for NAME in ENV: asked for at a prompt that does not show it, or read from standard input or a file.

    A line break at its end is no part of it. What is in use is not changed by it: the next deployment takes it over.
    """
    from fairlead.masking import Secret  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.secrets.values import expected, set_value  # noqa: PLC0415

    project = session.project()
    expected(project, environment, name)
    done = set_value(project, environment, name, Secret(given.value(name, source)))
    session.answer(
        {"environment": environment, **asdict(done)}, f"{green('✓')} {name} {WORDS[done.change]} in {done.where}"
    )
    if done.weak:
        tell(f"{yellow('warning:')} {name} {done.weak}")
