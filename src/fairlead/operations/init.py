"""Write a project file for what is in a folder. What is written loads, or it is not written."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import ConfigurationError, UsageError
from fairlead.operations.adopt import adopt, environments, written
from fairlead.operations.adopt.left import Left, Report
from fairlead.operations.adopt.names import fitting
from fairlead.operations.adopt.reading import Folder
from fairlead.operations.adopt.values import Values
from fairlead.operations.guess.found import found
from fairlead.operations.guess.service import Guess
from fairlead.operations.guess.tree import tree, web
from fairlead.project.loader import LARGEST
from fairlead.system import sockets
from fairlead.system.files import write_file

FILE = "fairlead.yaml"
IGNORE = ".fairleadignore"
PORTS = range(8080, 8180)


@dataclass(frozen=True, slots=True)
class Written:
    """What `init` did."""

    files: tuple[Path, ...]
    name: str
    because: tuple[str, ...]
    text: str
    left: tuple[Left, ...] = ()  #: what did not come over as it was
    runs: bool = True  #: whether this version can deploy it, not only check and render it


@dataclass(frozen=True, slots=True)
class _Made:
    name: str
    text: str
    because: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    runs: bool = True


def init(folder: Path, force: bool = False, name: str | None = None) -> Written:
    """Write `fairlead.yaml`, and `.fairleadignore` when there is none.

    UsageError when there is one, when nothing says how the project starts, or the Compose file cannot be read.
    """
    path = folder / FILE
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", "use --force to replace it")
    project = project_name(name or folder.resolve().name)
    made = _made(folder, project)
    _require_valid(made.text, folder)
    write_file(path, made.text)
    files = [path]
    if not (folder / IGNORE).exists():
        write_file(folder / IGNORE, _ignore(made.ignored))
        files.append(folder / IGNORE)
    return Written(tuple(files), made.name, made.because, made.text, made.left, made.runs)


def project_name(text: str) -> str:
    """The nearest valid name: a to z, 0 to 9 and -, a letter first, at most 40 characters."""
    return fitting(text)


def _made(folder: Path, project: str) -> _Made:
    files = adopt.compose_files(folder)
    guess = found(Folder(folder))
    if files:
        return _adopted(folder, files, project, guess)
    if guess is None or not (guess.command or guess.container):
        raise UsageError(
            f"nothing in {folder} says how it starts: no Compose file, Procfile or Dockerfile, no ASGI or WSGI object, "
            "no package.json that starts something, no Spring Boot",
            "go to the folder of the application, or write the file by hand; `fairlead schema` has every key",
        )
    return _guessed(folder, project, guess)


def _adopted(folder: Path, files: list[str], project: str, guess: Guess | None) -> _Made:
    beside = web(guess, {}) if guess and guess.command else None
    try:
        made = adopt.adopt(folder, files, project, beside)
    except ConfigurationError as error:
        raise UsageError(error.message, "mend the Compose file; `docker compose config` checks it too") from None
    above = dict(adopt.ABOVE)
    above.update({(part, name): f"from {place}" for name, place in made.places.items() for part in adopt.SECTIONS})
    head = adopt.HEAD.format(files=", ".join(made.files))
    text = written.text(made.tree, head, above)
    because = (f"services of {', '.join(made.files)}",)
    runs = made.tree["environments"]["local"]["runtime"] == "process"
    return _Made(made.tree["name"], text, because, left=made.left, runs=runs)


def _guessed(folder: Path, project: str, guess: Guess) -> _Made:
    report, reader = Report(), Folder(folder)
    values = Values(environments.read(reader, report), report)
    environments.enter(values)
    environments.learn(values, reader, environments.examples(reader))
    for name in guess.variables:
        environments.ask(values, name)
    named = environments.named(values)
    others = [one for one in environments.others(reader) if one != "local"]
    text = rendered(project, guess, _free_port(), named, environments.here(values), others)
    return _Made(project, text, guess.because, guess.ignored, tuple(report.left), not guess.container)


def _free_port() -> int:
    return next((port for port in PORTS if sockets.bindable(port, "0.0.0.0")), PORTS[0])  # noqa: S104 — only asks


def _require_valid(text: str, folder: Path) -> None:
    from fairlead.project.project import parse_project  # noqa: PLC0415 — brings the validator

    if len(text.encode()) > LARGEST:
        raise UsageError(f"the project file would be larger than {LARGEST // 1024} KiB", "adopt a part of it at a time")
    parse_project(text, folder)


def _ignore(ignored: tuple[str, ...]) -> str:
    lines = ["# What is never part of a release, beside what .gitignore names; the same syntax.", FILE, IGNORE]
    return "\n".join([*lines, *ignored]) + "\n"


def rendered(
    name: str, guess: Guess, port: int, named: Mapping[str, Any], here: Mapping[str, str], others: Sequence[str] = ()
) -> str:
    """The commented project file; `named` are its variables and secrets, `here` what `.env` says of them.

    `others` are environments that have a file of their own.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 — 30 ms

    writer = YAML()
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(tree(name, guess, port, named, here, others), stream)
    return stream.getvalue()
