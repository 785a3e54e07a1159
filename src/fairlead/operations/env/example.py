"""`.env.ENV.example`: every variable of an environment, commented, with something that shows what its value looks like.

It is made from the project file alone: no value of `.env.ENV` and of no secret is in it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.project.project import Project
from fairlead.project.unmet import type_of
from fairlead.project.variables import Variable
from fairlead.system.files import write_file

WIDTH = 100
_PLAIN = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@,+%=?&~*[]{}()!;")


def name_of(environment: str) -> str:
    """The file's name."""
    return f".env.{environment}.example"


def example(project: Project, environment: str) -> str:
    """Its text. UsageError when there is no such environment."""
    stack = project.outline(environment)
    sections, _ = project.resolved[environment]
    variables = sections.variables
    parts = [_head(project, environment)]
    parts += ["\n".join(_variable(name, one)) for name, one in variables.items() if not one.secret]
    if stack.secrets:
        parts.append("\n".join(_secrets(environment, [(one.name, one.generate is not None) for one in stack.secrets])))
    return "\n\n".join(parts) + "\n"


def write(project: Project, environment: str, force: bool = False) -> tuple[Path, bool]:
    """Write it beside the project file: its path, and whether anything changed.

    FairleadError when a file of that name was not made by this command, unless `force`.
    """
    path, text = project.root / name_of(environment), example(project, environment)
    there = path.read_text("utf-8", errors="replace") if path.exists() else None
    if there == text:
        return path, False
    if there is not None and not there.startswith(_first(environment)) and not force:
        raise FairleadError(f"{path} is there and was not made by this command", "look at it, then say --force")
    write_file(path, text)
    return path, True


def _first(environment: str) -> str:
    return f"# Made by `fairlead env example {environment}`"


def _head(project: Project, environment: str) -> str:
    return (
        f"{_first(environment)} from {Path(project.file).name}; not edited by hand.\n"
        f"# Copy it to .env.{environment} and put in what {project.name} uses there. A line that begins with #\n"
        f"# is a default, or what is not required."
    )


def _variable(name: str, one: Variable) -> Iterator[str]:
    kind = type_of(one)
    about = kind.what[0].upper() + kind.what[1:]
    if one.default is not None:
        about += f"; the default is {one.default}" if one.default else "; empty by default"
    else:
        about += "; required" if one.required else "; not required"
    yield from _comment(about)
    value = _quoted(one.default if one.default is not None else one.example or kind.example)
    needed = one.default is None and one.required
    yield f"{name}={value}" if needed else f"# {name}={value}"


def _secrets(environment: str, some: list[tuple[str, bool]]) -> Iterator[str]:
    yield "# Secrets have no place here. Each is kept apart, encrypted:"
    for name, made in some:
        how = "made by itself" if made else f"fairlead secrets set {environment} {name}"
        yield f"#   {name}: {how}"


def _comment(text: str) -> list[str]:
    one_line = " ".join(text.split())
    return textwrap.wrap(one_line, WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def _quoted(value: str) -> str:
    """So that Docker Compose and Fairlead read the same value back."""
    if set(value) <= _PLAIN:
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$").replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'
