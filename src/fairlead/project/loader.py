"""The way in: fairlead.yaml from the disk. The only part of this package that touches it.

The validator and YAML are imported when they are needed: `peek` does without the validator, because `status` must
answer at once.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fairlead.errors import ConfigurationError, Finding
from fairlead.project.tree import Mapping, Node, child, children, text_of
from fairlead.project.values import NAME

if TYPE_CHECKING:
    from fairlead.project.given import DotEnv
    from fairlead.project.project import Project

FILE = "fairlead.yaml"
LARGEST = 512 * 1024  #: bytes; a thousand services fit
DOTENV = ".env."  #: and the name of an environment
LARGEST_DOTENV = 256 * 1024  #: bytes
MOST_DOTENV = 200  #: files

#: what `glance` made of a text, until that is loaded: most commands do both, and reading YAML is half of it
_glanced: dict[tuple[str, str], tuple[Mapping, list[Finding]]] = {}

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "a byte order mark"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def load_project(path: Path) -> Project:
    """The project in the file `path`, every environment of it validated. ConfigurationError with all findings."""
    from fairlead.project.project import parse_project  # noqa: PLC0415 - brings the validator, 0.1 s

    text, file = read(path), shown_path(path)
    composed = _glanced.pop((text, file), None)
    return parse_project(text, path.absolute().parent, file, dotenv_files(path), composed)


def dotenv_files(path: Path) -> dict[str, DotEnv]:
    """Every `.env.NAME` beside the project file `path` that could be one of an environment, by that name."""
    found: dict[str, DotEnv] = {}
    for file in sorted(path.parent.glob(f"{DOTENV}*")):
        name = file.name.removeprefix(DOTENV)
        if re.fullmatch(NAME, name) and len(found) < MOST_DOTENV:
            found[name] = _dotenv(file)
    return found


def _dotenv(file: Path) -> DotEnv:
    from fairlead.project.given import DotEnv  # noqa: PLC0415 - brings the parser

    try:
        if file.exists() and not (file.is_file() or file.is_dir()):  # a pipe would be waited for without end
            raise _wrong(file, "not a file that can be read through")
        return DotEnv(shown_path(file), _decoded(file, _bytes(file, LARGEST_DOTENV, "file of variables")))
    except ConfigurationError as error:
        return DotEnv(shown_path(file), unreadable=error.findings[0])


class Glance(NamedTuple):
    """What is known of a project without the validator."""

    name: str
    environments: tuple[str, ...]
    hosts: dict[str, str]  #: by environment: the machine it runs on, of those that run on another one


def peek(path: Path) -> tuple[str, tuple[str, ...]]:
    """The project's name and its environments, without validating the rest. ConfigurationError as `load_project`."""
    return glance(path)[:2]


def glance(path: Path) -> Glance:
    """As `peek`, with the hosts."""
    from fairlead.project.compose import compose  # noqa: PLC0415 - brings YAML, 30 ms

    text, file = read(path), shown_path(path)
    tree, findings = composed = compose(text, file)
    _glanced.clear()
    _glanced[text, file] = composed
    name, environments = text_of(child(tree, "name")), child(tree, "environments")
    names = [name or "", *(environments.items if isinstance(environments, Mapping) else ("",))]
    if findings or len(names) < 2 or not all(re.fullmatch(NAME, one) for one in names):
        project = load_project(path)  # says what is wrong, all of it
        return Glance(project.name, project.environments, _hosts(child(project.tree, "environments")))
    return Glance(names[0], tuple(names[1:]), _hosts(environments))


def _hosts(environments: Node | None) -> dict[str, str]:
    found = {str(name): text_of(child(own, "host")) for name, own in children(environments)}
    return {name: host for name, host in found.items() if host}


def read(path: Path) -> str:
    """The text of the project file. ConfigurationError, with what to do, when it cannot be read as UTF-8."""
    data = _bytes(path, LARGEST, "project file")
    for mark, what in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise _wrong(path, f"begins with {what}; save the file as UTF-8 without a byte order mark")
    return _decoded(path, data)


def _bytes(path: Path, largest: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(data) > largest:
        raise _wrong(path, f"larger than {largest // 1024} KiB, which no {what} needs")
    return data


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise _wrong(path, f"not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8", line, column) from None


def shown_path(path: Path) -> str:
    """The path as findings show it: relative to the working directory where it lies below it."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it was removed
        return str(path)
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return _wrong(path, "no such file", hint="run `fairlead init` to write one, or go to the folder that has it")
    if error.errno == errno.EISDIR:
        return _wrong(path, "a folder, not a file", hint=f"name the file in it, for example {shown_path(path / FILE)}")
    return _wrong(path, f"could not be read: {error.strerror}")


def _wrong(path: Path, message: str, line: int = 1, column: int = 1, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError([Finding(shown_path(path), line, column, "", message)], hint)
