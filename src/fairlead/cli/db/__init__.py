"""`fairlead db`: a group that imports a command's module when that command is called."""

from __future__ import annotations

import importlib

import click

from fairlead.cli.verb import write_examples

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "status": "Which versions are applied, and what is pending.",
    "plan": "What migrate would do, and what is risky in it.",
    "dry-run": "The statements that migrate would send, with their locks.",
    "migrate": "Run what is pending.",
    "undo": "Take back the last version, by its U file.",
    "validate": "Whether files and history agree.",
    "repair": "Make the history agree with the files.",
    "baseline": "Begin a history for a database that has tables already.",
    "adopt": "Take over a history that Flyway made.",
}


class Group(click.Group):
    """Finds `fairlead.cli.db.NAME:command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"fairlead.cli.db.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """No command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples stand below the commands."""
        write_examples(formatter, ("fairlead db status production", "fairlead db migrate production"))


@click.group("db", cls=Group)
def command() -> None:
    """Look at the databases of an environment and move their schemas.

    Where a database is, and where its migrations are, stands in the project file, under `stores`.
    """
