"""A group of commands whose modules are imported when they are called: start-up is part of the product."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence

import click

from fairlead.cli.verb import write_examples
from fairlead.errors import UsageError

RESERVED = ("import", "list", "set")  #: verbs that mean something to Python; their modules have a `_` behind


class LazyGroup(click.Group):
    """Finds `fairlead.cli.GROUP.VERB:command`. `verbs` are in the order of the help, each with its summary."""

    verbs: dict[str, str] = {}  # noqa: RUF012 — each group has its own
    examples: Sequence[str] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in self.verbs:
            return None
        module = cmd_name.replace("-", "_") + "_" * (cmd_name in RESERVED)
        found: click.Command = importlib.import_module(f"fairlead.cli.{self.name}.{module}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, but an unknown command suggests the nearest."""
        if args[0] not in self.verbs and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(args[0], self.verbs, 1, cutoff=0.5)
            hint = f"did you mean `fairlead {self.name} {near[0]}`?" if near else f"see `fairlead {self.name} --help`"
            raise UsageError(f'there is no command "{self.name} {args[0]}"', hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """No command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples stand below the commands."""
        write_examples(formatter, self.examples)


def lazy_group(name: str, verbs: dict[str, str], *examples: str) -> Callable[[Callable[[], None]], LazyGroup]:
    """Make a function the group of that name; its docstring is the help."""

    def decorate(function: Callable[[], None]) -> LazyGroup:
        made: LazyGroup = click.group(name, cls=LazyGroup)(function)
        made.verbs, made.examples = verbs, examples
        return made

    return decorate
