"""What is wrong with the secrets of an environment: missing, undeclared, weak, used twice, damaged, open to others."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError, Finding
from fairlead.masking import Secret
from fairlead.operations.secrets.git import has_driver
from fairlead.operations.secrets.kept import kept
from fairlead.operations.secrets.values import SHORT, why_weak
from fairlead.project.compose import compose
from fairlead.project.loader import read, shown_path
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.project.tree import Mark, child
from fairlead.secrets.age_file import AgeFile
from fairlead.secrets.base import Backend
from fairlead.secrets.sops.wrapping import recipient
from fairlead.secrets.table import elsewhere


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; `findings` are mistakes, `notes` what may be meant so."""

    environment: str
    where: str
    secrets: int  #: how many have a value
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def check(project: Project, environment: str, path: Path) -> Checked:
    """Everything that is wrong, in the order of the files. `path` is the project file.

    Only UsageError is raised: a back end that cannot be asked is a finding too.
    """
    stack = project.outline(environment)
    backend = kept(project, environment)
    places = _Places(path, environment)
    try:
        names = backend.names()
        values = backend.get(names)
    except FairleadError as error:
        where = places.section()
        text = error.message + (f"; {error.hint}" if error.hint else "")
        return Checked(environment, backend.where, 0, (where.finding("", text),), ())
    findings = [*_missing(stack, names, places), *_of_values(stack, backend, values, places), *_of_file(backend)]
    notes = [*_undeclared(stack, backend, names, places), *_of_git(project, backend)]
    return Checked(environment, backend.where, len(values), tuple(_ordered(findings)), tuple(_ordered(notes)))


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    mark: Mark

    def finding(self, path: str, message: str) -> Finding:
        return Finding(self.file, *self.mark, path, message)


class _Places:
    """Where a name stands in the project file."""

    def __init__(self, path: Path, environment: str) -> None:
        self.file = shown_path(path)
        self._tree = compose(read(path), self.file)[0]
        self._environment = environment

    def of(self, name: str) -> _Place:
        """Where it is declared: in the environment, else in the base."""
        own = child(child(self._tree, "environments"), self._environment)
        for tree in (self._tree, own):
            for section in ("secrets", "variables"):
                found = child(child(tree, section), name)
                if found is not None:
                    return _Place(self.file, found.at)
        return self.section()

    def section(self) -> _Place:
        """Where back end or secrets are spoken of."""
        found = child(self._tree, "secret_backend") or child(self._tree, "secrets")
        return _Place(self.file, found.at if found is not None else Mark(1, 1))


def _missing(stack: Stack, names: tuple[str, ...], places: _Places) -> Iterator[Finding]:
    place = elsewhere(stack.secret_backend)
    for one in stack.secrets:
        if one.name not in names and one.required:
            command = f"generate {stack.environment}" if one.generate else f"set {stack.environment} {one.name}"
            how = f"set it {place}" if place else f"`fairlead secrets {command}`"
            yield places.of(one.name).finding(one.name, f"has no value; {how}")


def _of_values(stack: Stack, backend: Backend, values: dict[str, Secret], places: _Places) -> Iterator[Finding]:
    types = {one.name: one.type for one in stack.secrets}
    first: dict[Secret, str] = {}
    for name, value in values.items():
        place = _stored(backend, name) or places.of(name)
        why = why_weak(types.get(name), value)
        if why:
            yield place.finding(name, why)
        if value and value in first and types.get(name) not in SHORT:
            yield place.finding(name, f"has the same value as {first[value]}; one that leaks would open both")
        first.setdefault(value, name)


def _stored(backend: Backend, name: str) -> _Place | None:
    """The line of the file that has it; None where values are no lines of a file."""
    if not isinstance(backend, AgeFile):
        return None
    leaf = backend.document().leaves[name]
    return _Place(backend.where, Mark(leaf.scalar.line, 1))


def _undeclared(stack: Stack, backend: Backend, names: tuple[str, ...], places: _Places) -> Iterator[Finding]:
    declared = {one.name for one in stack.secrets} | {one.secret for one in stack.notify}
    for name in names:
        if name not in declared:
            place = _stored(backend, name) or places.section()
            yield place.finding(name, f"has a value in {backend.where}, and is not declared in {places.file}")


def _of_file(backend: Backend) -> Iterator[Finding]:
    if not isinstance(backend, AgeFile):
        return
    document = backend.document()
    for name, leaf in document.leaves.items():
        if not leaf.encrypted:
            rule = f"{document.metadata.rule} {document.metadata.pattern}"
            yield Finding(backend.where, leaf.scalar.line, 1, name, f"stands in the open, by the file's rule {rule}")
    top = document.metadata.age_key
    line = top.line if top else 1
    for one in document.metadata.recipients:
        try:
            recipient(one)
        except FairleadError:
            message = f"{one[:40]} is no recipient that Fairlead knows; a new data key could not be given to it"
            yield Finding(backend.where, line, 1, "sops.age", message)
    mode = stat.S_IMODE(backend.path.stat().st_mode)
    if mode & 0o022:
        message = f"others may write it (mode {mode:o}); chmod go-w {backend.where}"
        yield Finding(backend.where, 1, 1, "", message)


def _of_git(project: Project, backend: Backend) -> Iterator[Finding]:
    if not isinstance(backend, AgeFile):
        return
    if len(backend.recipients()) == 1:
        message = "only one key opens it; if that is lost, so are the values: add a recovery key"
        yield Finding(backend.where, 1, 1, "sops.age", message)
    if not has_driver(project.root):
        message = f"git of this clone does not merge it by its values; `fairlead secrets init {backend.environment}`"
        yield Finding(backend.where, 1, 1, "", message)


def _ordered(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.file, one.line, one.column))
