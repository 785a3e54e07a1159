"""One value or all names: set, get, list."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fairlead.errors import Busy, ConfigurationError, FairleadError, UsageError
from fairlead.masking import Secret
from fairlead.operations.secrets.kept import declared, kept, known
from fairlead.operations.secrets.supply import document_text
from fairlead.operations.templates import read_template
from fairlead.project.documents import document_of
from fairlead.project.patterns import Patterns, TooMuch
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.project.types import Type
from fairlead.render.template import used
from fairlead.secrets.base import Backend, Unavailable
from fairlead.secrets.exec_command import ExecBackend
from fairlead.secrets.rotation.slot import load
from fairlead.secrets.strength import placeholder, weakness
from fairlead.secrets.table import elsewhere
from fairlead.system.home import Place

SHORT = ("port", "int", "bool", "duration", "size", "enum", "e-mail")  #: types whose values are short by nature
LARGEST = 64 * 1024  #: characters; what is longer is a file, and no secret
UNCHANGED = "; nothing was changed"  #: ends what is said of a value that is refused


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one secret without its value."""

    name: str
    there: bool  #: it has a value
    declared: bool
    made: str  #: how: the kind that Fairlead makes, or "by hand"
    rotate: float | None  #: how old it may get, in seconds
    used: tuple[str, ...]  #: by which services, jobs and templates


@dataclass(frozen=True, slots=True)
class Set:
    """What came of setting a value."""

    name: str
    where: str
    change: Literal["new", "changed", "same"]
    weak: str | None  #: why it is easy to guess


def expected(project: Project, environment: str, name: str) -> None:
    """Before a person is asked for a value: UsageError for a name that cannot have one, Unavailable for no place."""
    backend = kept(project, environment)
    if isinstance(backend, ExecBackend):
        known(project, environment, name, _before(backend, name))
    else:
        known(project, environment, name, backend.names())


def set_value(project: Project, environment: str, name: str, value: Secret) -> Set:
    """Put a value in the place of what was there.

    UsageError for a name that is not declared, and a value that cannot be that secret's; Busy while it is rotated;
    Unavailable or ReadOnly when it cannot be kept.
    """
    backend = kept(project, environment)
    before = _before(backend, name).get(name)
    known(project, environment, name, () if before is None else [name])
    refuse(project, environment, name, value)
    if before != value:
        backend.set({name: value})
    change: Literal["new", "changed", "same"] = "new" if before is None else "same" if before == value else "changed"
    return Set(name, backend.where, change, why_weak(_type(project, environment, name), value))


def _before(backend: Backend, name: str) -> dict[str, Secret]:
    """What is there. Most commands fail for a name without a value; to set that one is the way out."""
    try:
        return backend.get([name])
    except Unavailable:
        if isinstance(backend, ExecBackend):
            return {}
        raise


def why_weak(type: str | None, value: Secret) -> str | None:
    """Why a value is easy to guess; of a type that is short by nature, only whether it is a placeholder."""
    return (placeholder if type in SHORT else weakness)(value.reveal())


def _type(project: Project, environment: str, name: str) -> str | None:
    return next((one.type for one in project.outline(environment).secrets if one.name == name), None)


def refuse(project: Project, environment: str, name: str, value: Secret) -> None:
    """UsageError for a value that cannot be this secret's: empty, too large, with a NUL, not of its type, no key.

    Busy while the secret is rotated on this machine: the rotation would put its own value in place of this one.
    """
    if load(Place.of(project.name, environment).secrets, name) is not None:
        what = f"a rotation of {name} is under way, which would put its own value in place{UNCHANGED}"
        raise Busy(what, f"wait for its end: fairlead secrets due {environment}")
    text = value.reveal()
    if not text.strip():
        raise UsageError(f"an empty value for {name}{UNCHANGED}", "give it by standard input, or with --from")
    if len(text) > LARGEST:
        raise UsageError(f"the value for {name} is larger than {LARGEST // 1024} KiB{UNCHANGED}")
    if "\0" in text:
        what = f"the value for {name} has a NUL in it, which no program can be given{UNCHANGED}"
        raise UsageError(what, "store it as base64")
    _of_its_type(project, environment, name, value)
    _signs(project.outline(environment), name, value)


def _signs(stack: Stack, name: str, value: Secret) -> None:
    document = document_of(stack, name)
    try:
        if document:
            document_text(document, name, [value])
    except FairleadError as error:
        raise UsageError(error.message + UNCHANGED, error.hint) from None


def _of_its_type(project: Project, environment: str, name: str, value: Secret) -> None:
    spec = next((one for one in project.outline(environment).secrets if one.name == name), None)
    if spec is None or spec.type is None:
        return
    kind = Type(spec.type, spec.values, spec.pattern)
    with suppress(TooMuch):
        if not kind.fits(value.reveal(), Patterns()):
            what = f"the value for {name} is not of its type: expected {kind.what}{UNCHANGED}"
            raise UsageError(what, f"such as {kind.example}" if kind.example else None)


def get_value(project: Project, environment: str, name: str) -> Secret:
    """That value. UsageError for an unknown name, FairleadError for one without a value."""
    backend = kept(project, environment)
    found = backend.get([name]).get(name)
    if found is None:
        known(project, environment, name)
        place = elsewhere(project.outline(environment).secret_backend)
        hint = f"set it {place}" if place else f"set it: fairlead secrets set {environment} {name}"
        raise FairleadError(f"{name} has no value in {backend.where}", hint)
    return found


def listed(project: Project, environment: str) -> tuple[Row, ...]:
    """Every name that is declared or has a value. Unavailable when the back end cannot be asked."""
    stack = project.outline(environment)
    specs = {one.name: one for one in stack.secrets}
    there = kept(project, environment).names()
    users = _used(stack, project.root)
    rows = []
    for name in dict.fromkeys([*declared(project, environment), *there]):
        spec = specs.get(name)
        made = spec.generate.kind if spec and spec.generate else "by hand"
        every = spec.rotate.every if spec else None
        rows.append(Row(name, name in there, spec is not None, made, every, tuple(users.get(name, ()))))
    return tuple(rows)


def _used(stack: Stack, root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    users = [(one.name, one.secrets) for one in stack.services] + [(one.name, one.secrets) for one in stack.jobs]
    for user, secrets in users:
        for secret in secrets:
            found.setdefault(secret.name, []).append(user)
    for one in stack.notify:
        found.setdefault(one.secret, []).append("notify")
    for template in (each for each in stack.templates if each.secret):
        with suppress(ConfigurationError):  # one that cannot be read is said where it is filled in
            for name in used(read_template(template, root)):
                found.setdefault(name, []).append(template.target)
    return found
