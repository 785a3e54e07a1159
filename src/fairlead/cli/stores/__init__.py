"""`fairlead stores`: a group that imports a command's module when that command is called."""

from __future__ import annotations

import importlib

import click

from fairlead.cli.verb import write_examples

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "apply": "Make stores as they are declared now.",
    "logs": "What a store writes.",
}


class Group(click.Group):
    """Finds `fairlead.cli.stores.NAME:command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in VERBS:
            return None
        found: click.Command = importlib.import_module(f"fairlead.cli.stores.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """No command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples stand below the commands."""
        write_examples(formatter, ("fairlead stores apply production --plan", "fairlead stores logs production db"))


@click.group("stores", cls=Group)
def command() -> None:
    """Change the stores of an environment, and look at what they write.

    What they are stands in the project file, under `stores`. A deployment makes those that are missing and leaves the
    others alone; how they are is shown by `fairlead status`.
    """
