"""The `fairlead` command: a group that imports a command's module when that command is called."""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from fairlead import __version__
from fairlead.cli import table
from fairlead.cli.session import ReaderGone, Session, tell
from fairlead.cli.verb import write_examples
from fairlead.errors import FairleadError, Interrupted, UsageError
from fairlead.masking.known import at_first
from fairlead.system.core_dumps import close_memory, forbid_core_dumps

PROGRAM = "fairlead"
EXAMPLES = ("fairlead init", "fairlead deploy local", "fairlead status")


class LazyGroup(click.Group):
    """Finds `fairlead.cli.NAME:command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help screen."""
        return table.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None when there is no such command."""
        if cmd_name not in table.names():
            return None
        command: click.Command = importlib.import_module(table.module(cmd_name)).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, but an unknown command suggests the nearest."""
        name = args[0]
        if name not in table.names() and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, table.names(), 1, cutoff=0.5)
            hint = f"did you mean `fairlead {near[0]}`?" if near else "see `fairlead --help`"
            raise UsageError(f'there is no command "{name}"', hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Grouped by what a person wants; no command is imported for it."""
        for title, rows in table.groups().items():
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first three commands, and where more is said."""
        write_examples(formatter, EXAMPLES)
        formatter.write("\nEvery command explains itself: fairlead COMMAND --help\n")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fairlead %(version)s")
def fairlead() -> None:
    """Take a web application from one file to a production that loses nothing on the way."""


def run() -> None:
    """The outer boundary: whatever happens becomes words and an exit code, never a traceback."""
    forbid_core_dumps()
    at_first(close_memory)
    _have_streams()
    _have_all_letters()
    sys.exit(concluded(Session()))


def _have_streams() -> None:
    """What started this may have closed some. The first file that is opened then would be one of them."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 — for as long as this runs
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def _have_all_letters() -> None:
    """A letter that the terminal lacks is no reason to fail, least of all when all was done."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        with suppress(OSError):  # what was a file is a pipe by now
            sys.stdout.reconfigure(errors="backslashreplace")


def concluded(session: Session, arguments: Sequence[str] | None = None) -> int:
    """Run a command line to its end, whatever that is, and say what went wrong; the exit code."""
    try:
        return _called(session, arguments)
    except ReaderGone:
        return 0
    except Exception as error:  # noqa: BLE001 — the last one who can say it in words
        from fairlead.cli.crash import write_report  # noqa: PLC0415

        what = f"unexpected: {type(error).__name__}: {error}".splitlines()[0]
        session.fail(FairleadError(what, f"this is a mistake in Fairlead; the details are in {write_report(error)}"))
        return 1


def _called(session: Session, arguments: Sequence[str] | None) -> int:
    try:
        result = fairlead(arguments, prog_name=PROGRAM, obj=session, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.format_message())
        return 2
    except click.ClickException as error:
        session.fail(_usage(error))
        return 2
    except (click.Abort, KeyboardInterrupt):
        session.fail(Interrupted("interrupted"))
        return 130
    except FairleadError as error:
        session.fail(error)
        return error.exit_code
    except OSError as error:
        refusal = _refusal(error)
        session.fail(refusal)
        return refusal.exit_code


def _refusal(error: OSError) -> FairleadError:
    """A full disk, a read-only file system or missing rights are no mistake in Fairlead. Others are raised again."""
    from fairlead.system.files import HINTS  # noqa: PLC0415 — start-up is part of the product

    if _is_nowhere():
        return UsageError("the folder that this was called in is gone", "go to the folder of the project")
    if error.errno not in HINTS:
        raise error
    place = f"{error.filename}: " if error.filename else ""
    return FairleadError(f"{place}{error.strerror}", HINTS[error.errno])


def _is_nowhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 — asks for no more than that
    except FileNotFoundError:
        return True
    return False


def _usage(error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    hint = f"see `{context.command_path} --help`" if context else None
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint)
