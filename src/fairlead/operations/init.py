"""Write a project file for what is in a folder. What is written loads, or it is not written."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import UsageError
from fairlead.operations.guess import node, python
from fairlead.operations.guess.service import Guess
from fairlead.system import sockets
from fairlead.system.files import write_file

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

FILE = "fairlead.yaml"
IGNORE = ".fairleadignore"
PORTS = range(8080, 8180)
HEAD = """The project, whole. Every key is explained in the reference; `fairlead schema` helps your editor.
Next: fairlead doctor, then fairlead deploy local"""


@dataclass(frozen=True, slots=True)
class Written:
    """What `init` did."""

    files: tuple[Path, ...]
    name: str
    because: tuple[str, ...]
    text: str


def init(folder: Path, force: bool = False, name: str | None = None) -> Written:
    """Write `fairlead.yaml`, and `.fairleadignore` when there is none. UsageError when there is one, or no guess."""
    path = folder / FILE
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", "use --force to replace it")
    guess = python.guess(folder) or node.guess(folder)
    if guess is None:
        raise UsageError(
            f"no web application was found in {folder}: no ASGI or WSGI object, no package.json that starts something",
            "go to the folder of the application, or write the file by hand; `fairlead schema` has every key",
        )
    project = project_name(name or folder.resolve().name)
    text = rendered(project, guess, _free_port())
    _require_valid(text, folder)
    write_file(path, text)
    files = [path]
    if not (folder / IGNORE).exists():
        write_file(folder / IGNORE, _ignore(guess))
        files.append(folder / IGNORE)
    return Written(tuple(files), project, guess.because, text)


def project_name(text: str) -> str:
    """The nearest valid name: a to z, 0 to 9 and -, a letter first, at most 40 characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"app-{plain}"
    return plain[:40].strip("-")


def _free_port() -> int:
    return next((port for port in PORTS if sockets.bindable(port, "0.0.0.0")), PORTS[0])  # noqa: S104 — only asks


def _require_valid(text: str, folder: Path) -> None:
    from fairlead.project.project import parse_project  # noqa: PLC0415 — brings the validator

    parse_project(text, folder)


def _ignore(guess: Guess) -> str:
    lines = ["# What is never part of a release, beside what .gitignore names; the same syntax.", FILE, IGNORE]
    return "\n".join([*lines, *guess.ignored]) + "\n"


def rendered(name: str, guess: Guess, port: int) -> str:
    """The commented project file."""
    from ruamel.yaml import YAML  # noqa: PLC0415 — 30 ms

    writer = YAML()
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(_tree(name, guess, port), stream)
    return stream.getvalue()


def _tree(name: str, guess: Guess, port: int) -> CommentedMap:
    tree = _map({"name": name, "services": _map({"web": _web(guess)})})
    tree.yaml_set_start_comment(HEAD)
    if guess.test:
        tree["tests"] = [guess.test]
        tree.yaml_set_comment_before_after_key("tests", before="\nrun by `fairlead test`")
    edge = _map({"http": port}, http="where requests come in")
    environments = {"local": _map({"runtime": "process", "edge": edge}, runtime="plain processes on this machine")}
    tree["environments"] = _map(environments)
    tree.yaml_set_comment_before_after_key("environments", before="\nwhere it runs; each may change any value above")
    rollout = {"strategy": "blue-green", "rollback_window": "10m"}
    tree["rollout"] = _map(rollout, strategy="or rolling, or canary", rollback_window="the old release stays warm")
    tree.yaml_set_comment_before_after_key("rollout", before="\n")
    return tree


def _web(guess: Guess) -> CommentedMap:
    web = _map({"source": "."}, source="the folder with the code")
    if guess.prepare:
        prepare = _map({"run": list(guess.prepare)})
        if guess.inputs:
            prepare["inputs"] = list(guess.inputs)
            prepare.yaml_add_eol_comment("unchanged inputs: nothing is installed again", "inputs")
        web["prepare"] = prepare
        web.yaml_add_eol_comment("once for each new artifact", "prepare")
    web["command"] = guess.command
    web["port"] = 8000
    web.yaml_add_eol_comment("in a container; a process gets a free ${PORT}", "port")
    if guess.health:
        web["health"] = guess.health
        web.yaml_add_eol_comment("answers 2xx when an instance can take requests", "health")
    web["routes"] = ["/"]
    web["replicas"] = 2
    web.yaml_add_eol_comment("instances", "replicas")
    return web


def _map(data: Mapping[str, object], **comments: str) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415

    made = CommentedMap(data)
    for key, comment in comments.items():
        made.yaml_add_eol_comment(comment, key)
    return made
