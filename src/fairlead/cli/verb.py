"""What every command has: its summary, an example, `--file`, `--json`. So that none can forget one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from fairlead.cli.session import Session
from fairlead.cli.table import summary
from fairlead.errors import FairleadError

if TYPE_CHECKING:
    from fairlead.masking import Secret


class Verb(click.Command):
    """A command with examples below its help."""

    examples: Sequence[str] = ()
    handing: Callable[[Session, Mapping[str, Any]], Secret | None] | None = None  #: what it reads of secrets here

    def invoke(self, ctx: click.Context) -> Any:
        """As click, but for an environment of another machine the command is carried there."""
        from fairlead.cli.remote.table import ON_HOST, row_of  # noqa: PLC0415 — start-up is part of the product

        words, session = _words(ctx), ctx.find_object(Session)
        row = row_of(words)
        whole = row is not None and bool(ctx.params.get(row.all_here))
        if session is None or whole or (row is None and words not in ON_HOST):
            return super().invoke(ctx)
        said = ctx.params.get("environments") or (ctx.params.get("environment"),)
        places = tuple(one for one in said if one)
        if not session.hosts(places):
            return super().invoke(ctx)
        from fairlead.cli.remote.elsewhere import elsewhere  # noqa: PLC0415

        return elsewhere(ctx, session, words, places)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, as they are typed."""
        write_examples(formatter, self.examples)


def _words(context: click.Context) -> tuple[str, ...]:
    """The words of a command behind `fairlead`."""
    found: list[str] = []
    at: click.Context | None = context
    while at is not None and at.parent is not None:
        found.insert(0, at.command.name or "")
        at = at.parent
    return tuple(found)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """A section of the help."""
    with formatter.section("Example" if len(examples) == 1 else "Examples"):
        for line in examples:
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")


Decorator = Callable[[Callable[..., None]], click.Command]


def verb(*examples: str, name: str, short: str = "", file: bool = True, stream: bool = False) -> Decorator:
    """Make a function a command. It gets the session first. `stream`: its JSON is one document per line."""

    def decorate(function: Callable[..., None]) -> click.Command:
        made = click.command(name, cls=Verb, short_help=short or summary(name))(click.pass_obj(function))
        made.examples = examples
        made.params += [_file(made), _json(stream)] if file else [_json(stream)]
        return made

    return decorate


def _file(command: click.Command) -> click.Option:
    taken = any("-f" in parameter.opts for parameter in command.params)
    return click.Option(
        ("--file",) if taken else ("-f", "--file"), type=click.Path(path_type=Path), expose_value=False,
        callback=_keep_file, metavar="PATH", help="The project file (default: fairlead.yaml here or above).",
    )  # fmt: skip


def _json(stream: bool) -> click.Option:
    what = "JSON lines as things happen" if stream else "one JSON document"
    return click.Option(
        ("--json", "as_json"), is_flag=True, expose_value=False, is_eager=True, help=f"Print {what} on stdout.",
        callback=lambda context, _, given: _keep_json(context, given, stream),
    )  # fmt: skip


def _keep_file(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(Session).file = value


def _keep_json(context: click.Context, given: bool, stream: bool) -> None:
    if given:
        session = context.ensure_object(Session)
        session.json, session.stream = True, stream


def environment(required: bool = True, name: str = "environment") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The argument ENV, completed from the project file."""
    return click.argument(name, metavar=name.upper() if name != "environment" else "ENV", required=required,
                          shell_complete=_environments)  # fmt: skip


def environments(metavar: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """One or more arguments ENV, for a command that tells by their number what is wanted."""
    return click.argument("environments", metavar=metavar, nargs=-1, required=True, shell_complete=_environments)


def _environments(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    try:
        names = Session(file=context.params.get("file")).peek()[1]
    except (FairleadError, OSError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def project_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--project NAME`, hidden: where there is no project file, on the host of an environment."""
    return click.option(
        "--project", hidden=True, expose_value=False, is_eager=True, metavar="NAME", callback=_keep_project
    )(function)


def _keep_project(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).named = value


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Answer every question with yes.")(function)


def message_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--message TEXT`."""
    return click.option("--message", "-m", default="", metavar="TEXT", help="Why; kept in the history.")(function)


def no_wait_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--no-wait`."""
    return click.option(
        "--no-wait", is_flag=True,
        help="Do not stay for what a person has to decide: leave it waiting, with exit code 5.",
    )(function)  # fmt: skip


def wait_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--wait SECONDS`."""
    return click.option(
        "--wait", type=click.FloatRange(min=0), default=10.0, metavar="SECONDS",
        help="How long to wait for somebody else who holds the environment (default: 10).",
    )(function)  # fmt: skip


def failing(ok: bool) -> None:
    """Exit code 1 unless all is well."""
    if not ok:
        click.get_current_context().exit(1)
