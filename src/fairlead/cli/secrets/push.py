"""`fairlead secrets push github`."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb, write_examples


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead secrets push github production | sh",))


@click.group("push", cls=Group)
def command() -> None:
    """Print the commands that copy secrets to a place that keeps copies. No value stands in any of them."""


@verb("fairlead secrets push github production", "fairlead secrets push github production | sh",
      name="github", short="To GitHub, for its Actions.")  # fmt: skip
@environment()
@click.option("--repo", metavar="OWNER/NAME", help="Another repository than that of this folder.")
@click.option("--whole-repo", is_flag=True, help="For all of the repository, not for its environment of the same name.")
def github(session: Session, environment: str, repo: str | None, whole_repo: bool) -> None:
    """Print a `gh secret set` for each secret of ENV that has a value; gh reads it from standard input."""
    from fairlead.operations.secrets.push import github as commands  # noqa: PLC0415 — start-up is part of the product

    found = commands(session.project(), environment, repo, whole_repo)
    session.answer({"environment": environment, "commands": list(found)}, "\n".join(found) or "# nothing has a value")


command.add_command(github)
