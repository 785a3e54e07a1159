"""The values of the project's own secrets, as far as this machine can read them."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.secrets.scan.own import OwnValue
from fairlead.secrets.table import backend_of

NEAR = frozenset({"age", "environment"})  #: kinds that ask nobody but this machine


@dataclass(frozen=True, slots=True)
class Own:
    """What could be read."""

    values: tuple[OwnValue, ...] = ()
    environments: tuple[str, ...] = ()  #: that were read whole
    notes: tuple[str, ...] = ()  #: why the others were not


def own_values(project: Project, ask: bool) -> Own:
    """The values of every environment; with `ask` also of those that are kept elsewhere, which somebody is asked for.

    What cannot be had is a note, no error: where the key is missing there is still much to find.
    """
    values: list[OwnValue] = []
    read, notes = [], []
    for name in project.environments:
        stack = project.outline(name)
        if not stack.secrets:
            continue
        if stack.secret_backend.kind not in NEAR and not ask:
            notes.append(f"{name}: kept by {stack.secret_backend.kind}, which --ask asks")
            continue
        try:
            values += _values(stack, project)
            read.append(name)
        except FairleadError as error:
            notes.append(f"{name}: {error.message}")
    return Own(tuple(values), tuple(read), tuple(notes))


def _values(stack: Stack, project: Project) -> list[OwnValue]:
    backend = backend_of(stack, project.root)
    found = backend.get(backend.names())
    return [OwnValue(name, stack.environment, value) for name, value in found.items()]
