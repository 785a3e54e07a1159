"""`fairlead secrets`: a group that imports a command's module when that command is called."""

from __future__ import annotations

import importlib

import click

from fairlead.cli.verb import write_examples

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "scan": "Find secrets in files, in what is staged, or in all of git's history.",
}


class Group(click.Group):
    """Finds `fairlead.cli.secrets.NAME:command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in VERBS:
            return None
        found: click.Command = importlib.import_module(f"fairlead.cli.secrets.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """No command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples stand below the commands."""
        write_examples(formatter, ("fairlead secrets scan --history",))


@click.group("secrets", cls=Group)
def command() -> None:
    """Keep, change and look for what must stay secret.

    Which secrets there are stands in the project file, under `secrets` and `variables`.
    """
