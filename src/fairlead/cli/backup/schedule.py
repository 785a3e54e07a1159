"""`fairlead backup schedule`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from fairlead.cli.session import Session
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb


@verb("fairlead backup schedule production --cron", "fairlead backup schedule production --systemd", name="schedule",
      short="Print when what is done, for cron or systemd.")  # fmt: skip
@environment()
@click.option("--cron", "as_cron", is_flag=True, help="As lines of a crontab.")
@click.option("--systemd", "as_systemd", is_flag=True, help="As unit files, each below its name.")
def command(session: Session, environment: str, as_cron: bool, as_systemd: bool) -> None:
    """Print when backups of ENV are made, pruned and tried, as the project file has it. Nothing is set up by it."""
    from fairlead.operations.backups.schedule import cron, due, systemd  # noqa: PLC0415 — start-up matters

    project = session.project()
    wanted = due(project.outline(environment))
    program, file = (
        shutil.which("fairlead") or f"{sys.executable} -m fairlead",
        str(project.root / Path(project.file).name),
    )
    rows = [{"name": one.name, "every": one.every, "command": ["fairlead", *one.command]} for one in wanted]
    if as_cron:
        text = cron(wanted, program, file)
    elif as_systemd:
        text = "\n".join(f"# {name}\n{unit}" for name, unit in systemd(wanted, program, file).items())
    else:
        text = table([(one.every, " ".join(("fairlead", *one.command))) for one in wanted])
    session.answer({"environment": environment, "schedule": rows}, text)
