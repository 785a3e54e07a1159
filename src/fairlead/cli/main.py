"""The `fairlead` command: a group that imports a command's module when that command is called."""

from __future__ import annotations

import importlib
import sys

import click

from fairlead.errors import FairleadError

COMMANDS = ("deploy", "rollback", "serve", "stop", "up")


class LazyGroup(click.Group):
    """Finds `fairlead.cli.NAME:command`."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"fairlead.cli.{name}").command
        return command


@click.group(cls=LazyGroup)
def fairlead() -> None:
    """Take a web application to production."""


def run() -> None:
    """The outer boundary: errors become words and exit codes."""
    try:
        fairlead(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except FairleadError as error:
        click.echo(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), err=True)
        sys.exit(error.exit_code)
