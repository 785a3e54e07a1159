"""What one call of the command line knows: the project file, how to answer, and where."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead.errors import Busy, ConfigurationError, FairleadError, UsageError, Waiting
from fairlead.masking import concealed, concealed_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairlead.cli.progress.base import Show
    from fairlead.masking import Secret
    from fairlead.project.loader import Glance
    from fairlead.project.project import Project
    from fairlead.system.home import Place

FILE = "fairlead.yaml"
DOTENV = ".env"  #: and perhaps the name of an environment: values of variables


@dataclass
class Session:
    """One call. Results go to stdout; progress, questions and errors to stderr."""

    json: bool = False
    stream: bool = False  #: the JSON is one document per line, as things happen
    file: Path | None = None  #: given with --file
    named: str | None = None  #: the project, given with --project: no file is read
    shows: Callable[[str], Show] | None = field(default=None, repr=False)  #: another way to show events, by their title
    handed: Secret | None = field(default=None, repr=False)  #: a value that came with the call, from another machine
    _peeked: Glance | None = field(default=None, repr=False)

    def path(self) -> Path:
        """The project file: the one given, or the nearest above the working directory."""
        if self.file is not None:
            return self.file
        here = Path.cwd()
        found = next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), here)
        return Path(FILE) if found == here else found / FILE

    def project(self) -> Project:
        """The whole project, validated. ConfigurationError with every finding."""
        from fairlead.project.loader import load_project  # noqa: PLC0415 — start-up is part of the product

        return load_project(self.path())

    def peek(self) -> tuple[str, tuple[str, ...]]:
        """The project's name and environments, read without the validator."""
        return self.glance()[:2]

    def glance(self) -> Glance:
        """As `peek`, and which environments run on another machine."""
        from fairlead.project.loader import glance  # noqa: PLC0415 — brings YAML

        if self._peeked is None:
            self._peeked = glance(self.path())
        return self._peeked

    def hosts(self, environments: Sequence[str]) -> tuple[str, ...]:
        """The other machines that these environments run on, or any at all when none is named."""
        if self.named is not None:
            return ()
        try:
            there = self.glance().hosts
        except FairleadError:
            return ()  # a broken file does not keep anybody from what needs none
        return tuple(there[one] for one in environments or there if one in there)

    def place(self, environment: str) -> Place:
        """The place of an environment of the file, or of one that left the file but still is on this machine."""
        from fairlead.system.home import Place  # noqa: PLC0415

        project, environments = (self.named, ()) if self.named else self.peek()
        if environment in environments:
            return Place.of(project, environment)
        if environment.replace("-", "").isalnum() and Place.of(project, environment).exists():
            return Place.of(project, environment)
        from fairlead.project.problem import did_you_mean  # noqa: PLC0415

        text = f'there is no environment "{environment}"{did_you_mean(environment, environments)}'
        if self.named:
            raise UsageError(f"{text} of {self.named} on this machine", "deploy it first")
        raise UsageError(text, f"{self.path()} has {', '.join(environments)}")

    def answer(self, data: object, text: str) -> None:
        """The result: `data` with --json, `text` for a person otherwise."""
        if self.json:
            say(self._document(concealed_data(data)))
        elif text:
            say(text)

    def hand_over(self, data: object, text: str) -> None:
        """As `answer`, for the command that was called for a secret: here, and nowhere else, its value is printed."""
        write(self._document(data) if self.json else text)

    def _document(self, data: object) -> str:
        return as_json(data, None if self.stream else 2)

    def fail(self, error: FairleadError) -> None:
        """Say what went wrong: to a person on stderr, and with --json as a document on stdout too."""
        if self.json:
            document = {"ok": False, "error": described(error)}
            with suppress(ReaderGone):
                self.answer({"kind": "result", **document} if self.stream else document, "")
        with suppress(OSError):  # a terminal that is gone
            self._explain(error)

    def _explain(self, error: FairleadError) -> None:
        if isinstance(error, ConfigurationError):
            findings = len(error.findings)
            files = {Path(one.file).name for one in error.findings}
            whose = "the project's files have" if any(DOTENV in name for name in files) else "the project file has"
            tell(f"{error.message}\n{red('error:')} {whose} {findings} mistake{'s' * (findings != 1)}")
        else:
            tell(f"{yellow('waiting:') if isinstance(error, Waiting) else red('error:')} {error.message}")
        if error.hint:
            tell(f"{bold('hint:')} {error.hint}")

    @property
    def asks(self) -> bool:
        """Whether there is somebody who can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str, yes: bool) -> None:
        """Ask on a terminal unless --yes was given; elsewhere the command itself is the answer. Abort on no."""
        if not yes and self.asks:
            click.confirm(question, abort=True, err=True)


def described(error: FairleadError) -> dict[str, Any]:
    """An error for machines."""
    data: dict[str, Any] = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    if isinstance(error, ConfigurationError):
        keys = ("file", "line", "column", "path", "message")
        data["findings"] = [{key: getattr(one, key) for key in keys} for one in error.findings]
    if isinstance(error, Busy):
        data["busy"] = True
    if isinstance(error, Waiting):
        data["waiting"] = error.facts
    return data


def as_json(data: object, indent: int | None = None) -> str:
    """For stdout: letters that it cannot write are escaped as JSON has it, not as `run` has it done elsewhere."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    return json.dumps(data, indent=indent, ensure_ascii=encoding.lower().replace("-", "") != "utf8")


class ReaderGone(Exception):
    """Whoever read our result has gone away."""


def say(text: str) -> None:
    """A line of the result, on stdout, without known secrets. ReaderGone when nobody reads it any more."""
    write(concealed(text))


def write(text: str) -> None:
    """As `say`, as it is."""
    try:
        click.echo(text, color=_colour())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGone from None


def tell(text: str) -> None:
    """A line beside the result, on stderr, without known secrets."""
    click.echo(concealed(text), err=True, color=_colour())


def _colour() -> bool | None:
    """None: colours on a terminal only; https://no-color.org says that any value but an empty one turns them off."""
    return False if os.environ.get("NO_COLOR") else None


def red(text: str) -> str:
    return click.style(text, fg="red", bold=True)


def green(text: str) -> str:
    return click.style(text, fg="green")


def yellow(text: str) -> str:
    return click.style(text, fg="yellow")


def dim(text: str) -> str:
    return click.style(text, dim=True)


def bold(text: str) -> str:
    return click.style(text, bold=True)
