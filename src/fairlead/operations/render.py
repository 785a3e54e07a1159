"""Render: every file that is generated of an environment, in one folder that is replaced whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import ConfigurationError, FairleadError, Refused, UsageError
from fairlead.operations.psql_files import psql_files
from fairlead.operations.rendered import MANIFEST, Changes, Rendered, compare, manifest_file
from fairlead.operations.templates import plain_files, secret_targets, secret_texts
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.render.files import generated
from fairlead.render.ways import Ways
from fairlead.system.files import explained
from fairlead.system.lock import held_folder
from fairlead.system.swap import mend, replace_folder

FOLDER = "rendered"


@dataclass(frozen=True, slots=True)
class Result:
    """What was done, or would be."""

    folder: Path
    files: tuple[str, ...]  #: everything that belongs there
    changes: Changes
    secret: tuple[str, ...]  #: files that are handed over at deployment only


def render(project: Project, name: str, output: Path | None = None, force: bool = False) -> Result:
    """Write the files of environment `name`, to `rendered/NAME` beside the project file or to `output`.

    Refused, with the names, when a file there is not as Fairlead wrote it, unless `force`. ConfigurationError when a
    template is wrong, or a variable has no value. FairleadError when it cannot be written: what was there is unchanged.
    """
    folder, stack, files = _wanted(project, name, output)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with held_folder(folder.parent, f"{folder}"):
            mend(folder)
            before = Rendered.read(folder)
            changes = compare(before, files)
            if not force:
                _require_ours(before, changes, output is not None)
            if changes:
                replace_folder(folder, lambda new: before.rebuild(new, files, changes))
    except OSError as error:
        raise explained(error, folder) from error
    return Result(folder, tuple(sorted(files)), changes, secret_targets(stack))


def look(project: Project, name: str, output: Path | None = None) -> tuple[Result, dict[str, bytes]]:
    """What `render` would change, and every file as it should be. Writes nothing."""
    folder, stack, files = _wanted(project, name, output)
    changes = compare(Rendered.read(folder), files)
    return Result(folder, tuple(sorted(files)), changes, secret_targets(stack)), files


def rendered(project: Project) -> tuple[str, ...]:
    """The environments that were rendered before, beside the project file."""
    return tuple(name for name in project.environments if (project.root / FOLDER / name / MANIFEST).exists())


def _wanted(project: Project, name: str, output: Path | None) -> tuple[Path, Stack, dict[str, bytes]]:
    stack = project.outline(name)
    if findings := project.unmet[name]:
        raise ConfigurationError(findings)
    folder = output.absolute() if output else project.root / FOLDER / name
    _check_place(folder, project.root)
    plain = plain_files(stack, project.root)  # the first to say what is wrong with a template
    files = generated(stack, _ways(folder, project.root), secret_texts(stack, project.root)) | plain
    files |= psql_files(stack, project.root)
    return folder, stack, files | {MANIFEST: manifest_file(files)}


def _ways(folder: Path, root: Path) -> Ways:
    base, back = os.path.relpath(root, folder), os.path.relpath(folder, root)
    return Ways(base.replace(os.sep, "/"), back.replace(os.sep, "/"))


def _check_place(folder: Path, root: Path) -> None:
    """The folder is replaced whole, so nothing else may be at stake."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symbolic link", "name the folder it leads to")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "name another one with --output")
    if root.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{folder} holds the project itself", "name a folder of its own with --output")


def _require_ours(before: Rendered, changes: Changes, named: bool) -> None:
    """Refused when something would be lost, or the folder was named by mistake: it has other things, and only them."""
    if changes.foreign:
        raise _not_ours(before.folder, changes)
    if named and not before.known and before.folder.is_dir() and any(before.folder.iterdir()):
        hint = "name a folder of its own with --output, or use --force: what is there stays"
        raise Refused(f"{before.folder} has files, and none of them was rendered", hint)


def _not_ours(folder: Path, changes: Changes) -> FairleadError:
    lines = "\n".join(f"  {path}: {why}" for path, why in changes.foreign.items())
    hint = "move what you changed into fairlead.yaml or a template, or replace it with --force"
    return Refused(f"{folder} has files that are not as Fairlead wrote them:\n{lines}", hint)
