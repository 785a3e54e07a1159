"""All values of an environment in an editor: in a private folder in memory, and gone again whatever happens."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError, UsageError
from fairlead.masking import Secret
from fairlead.operations.secrets.kept import declared, kept, known
from fairlead.operations.secrets.values import UNCHANGED, refuse
from fairlead.project.project import Project
from fairlead.secrets.age_file import AgeFile
from fairlead.secrets.base import Backend
from fairlead.secrets.sops.file import Opened, changed
from fairlead.secrets.sops.nodes import Scalar, nodes
from fairlead.secrets.sops.typed import is_null
from fairlead.system.commands import attached
from fairlead.system.private import private_folder
from fairlead.system.signals import ended_on_signals

_PLAIN = re.compile(r"[A-Za-z0-9_./@+=-]+")
_BLOCK = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
HEAD = """\
# The secrets of {environment}, in the open. This file is gone when the editor is closed.
# A line taken out takes the secret out. Text of several lines stands below its name, after |
"""


@dataclass(frozen=True, slots=True)
class Edited:
    """Names by what became of them."""

    where: str
    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def edit(project: Project, environment: str, again: Callable[[str], bool]) -> Edited:
    """Have a person change the values; those that changed are kept, all or none.

    `again` is told what is wrong with the text, and says whether the editor is opened once more. FairleadError when the
    editor fails or somebody else changed the same values meanwhile; UsageError for a text that cannot be kept.
    """
    backend = kept(project, environment)
    before = {name: value.reveal() for name, value in backend.get(backend.names()).items()}
    missing = [name for name in declared(project, environment) if name not in before]
    with ended_on_signals(), private_folder() as folder:
        path = folder / f"{environment}.yaml"
        _write(path, _text(environment, before, missing))
        after = _edited(path, lambda found: _check(project, environment, before, found), again)
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    removed = tuple(name for name in before if name not in after)
    _keep(backend, before, changes, removed)
    new = tuple(name for name in changes if name not in before)
    return Edited(backend.where, new, tuple(name for name in changes if name in before), removed)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _edited(path: Path, check: Callable[[dict[str, str]], None], again: Callable[[str], bool]) -> dict[str, str]:
    while True:
        _open_editor(path)
        try:
            found = _read(path)
            check(found)
        except FairleadError as error:
            said = error.message.removesuffix(UNCHANGED)
            if not again(said):
                raise UsageError(said + UNCHANGED, error.hint) from None
            continue
        return found


def _open_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(editor)
    except ValueError:
        words = []
    code = attached([*words, str(path)]) if words else 127
    if code:
        why = "could not be started" if code == 127 else f"exited with {code}"
        raise UsageError(f"the editor `{editor}` {why}; nothing was changed", "name one that works in EDITOR")


def _text(environment: str, values: Mapping[str, str], missing: list[str]) -> str:
    lines = [f"{json.dumps(name) if ':' in name else name}: {_written(value)}\n" for name, value in values.items()]
    return HEAD.format(environment=environment) + "".join(lines) + "".join(f"# {name}:\n" for name in missing)


def _written(value: str) -> str:
    """As a person would write it, where that says the same; in quotes elsewhere."""
    lines = value.split("\n")
    if len(lines) > 1 and lines[0].strip() and all(_BLOCK.fullmatch(line) for line in lines[:-1]):
        body = lines[:-1] if lines[-1] == "" else lines
        fits = all(_BLOCK.fullmatch(line) and not line.startswith(" ") for line in body)
        if fits and body[-1].strip():
            return ("|" if lines[-1] == "" else "|-") + "".join(f"\n  {line}" for line in body)
    plain = _PLAIN.fullmatch(value) and value[0] not in "-@" and not is_null(Scalar(value, True, 0, 0, 0, 0))
    return value if plain else json.dumps(value, ensure_ascii=False)


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise UsageError("what the editor left cannot be read as UTF-8") from None
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        return {}
    found = {}
    try:
        root = nodes(text, "the edited text")
    except FairleadError as error:
        raise UsageError(error.message.replace("the file ", ""), "put text with : or # into quotes") from None
    for name, (_, value) in root.items.items():
        if not isinstance(value, Scalar):
            raise UsageError(f"line {value.line}: {name} holds more than text", "put it in quotes")
        found[name] = "" if is_null(value) else value.text
    return found


def _check(project: Project, environment: str, before: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name, value in found.items():
        known(project, environment, name, before)
        if not value.strip() and before.get(name) != value:
            raise UsageError(f"{name} has an empty value", "take the line out to have no value")
        if before.get(name) != value:
            refuse(project, environment, name, Secret(value))


def _keep(backend: Backend, before: Mapping[str, str], changes: Mapping[str, str], removed: tuple[str, ...]) -> None:
    """Into the file in one act, and only over what the editor showed; elsewhere new values first."""
    if not changes and not removed:
        return
    if not isinstance(backend, AgeFile):
        backend.set({name: Secret(value) for name, value in changes.items()})
        if removed:
            backend.delete(removed)
        return
    everything: dict[str, str | None] = {**changes, **dict.fromkeys(removed)}

    def kept_over(opened: Opened) -> str:
        now = opened.values
        raced = [name for name in everything if now.get(name) != before.get(name)]
        if raced:
            what = f"{', '.join(raced)} was changed by somebody else meanwhile; nothing was changed"
            raise FairleadError(what, "edit again, from what is there now")
        return changed(opened, everything)

    backend.rewrite(kept_over)
