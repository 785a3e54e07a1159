"""`fairlead secrets`: a group that imports a command's module when that command is called."""

from __future__ import annotations

import difflib
import importlib
from importlib.util import find_spec

import click

from fairlead.cli.verb import write_examples
from fairlead.errors import UsageError

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "init": "Begin: a key, a file, git's merge driver, and what Fairlead makes itself.",
    "set": "Keep a value, from a prompt, standard input or a file.",
    "get": "Print one value.",
    "list": "Which secrets there are and which have a value; never a value.",
    "edit": "Change all values of an environment in your editor.",
    "import": "Take over the values of a .env file.",
    "generate": "Make those that Fairlead makes and that have no value yet.",
    "check": "What is missing, weak, used twice, damaged or open to others.",
    "diff": "Which secrets differ between environments, or from a revision of git.",
    "recipients": "Who can open an environment's file: list, add, remove.",
    "rotate": "Change a secret while it is in use, without a lost request.",
    "due": "Which secrets are older than they may get.",
    "scan": "Find secrets in files, in what is staged, or in all of git's history.",
    "push": "Print the commands that copy secrets to GitHub, without their values.",
    "merge": "Merge two versions of a file by its values; git calls it.",
}

_FILES = {"import": "import_", "list": "list_", "set": "set_"}  #: where the verb means something to Python


def verbs() -> dict[str, str]:
    """Those that this installation has."""
    return {name: text for name, text in VERBS.items() if find_spec(_module(name)) is not None}


class Group(click.Group):
    """Finds `fairlead.cli.secrets.NAME:command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return list(verbs())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in verbs():
            return None
        found: click.Command = importlib.import_module(_module(cmd_name)).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, but an unknown command suggests the nearest."""
        if args[0] not in verbs() and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(args[0], verbs(), 1, cutoff=0.5)
            hint = f"did you mean `fairlead secrets {near[0]}`?" if near else "see `fairlead secrets --help`"
            raise UsageError(f'there is no command "secrets {args[0]}"', hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """No command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(verbs().items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples stand below the commands."""
        write_examples(formatter, ("fairlead secrets init production", "fairlead secrets check production"))


def _module(name: str) -> str:
    return f"fairlead.cli.secrets.{_FILES.get(name, name)}"


@click.group("secrets", cls=Group)
def command() -> None:
    """Keep, change and look for what must stay secret.

    Which secrets there are stands in the project file, under `secrets` and `variables`. No command prints a value but
    `get`, and none takes one as an argument.
    """
