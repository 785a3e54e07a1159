"""Everything that is wrong with environments: values, secrets, connections, and how they differ from each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError, Finding, UsageError
from fairlead.masking import Secret
from fairlead.operations.secrets.check import check as look_at_secrets
from fairlead.project.budget import Budget, budgets
from fairlead.project.parity import drift
from fairlead.project.patterns import Patterns, TooMuch
from fairlead.project.project import Project
from fairlead.project.stack import SecretSpec, Stack
from fairlead.project.tree import Mark, child, dotted
from fairlead.project.types import Type
from fairlead.secrets.table import backend_of


@dataclass(frozen=True, slots=True)
class Checked:
    """One environment. Findings are mistakes; warnings may be meant so; notes say what was looked at, or could not."""

    environment: str
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Some environments, and the differences between all."""

    environments: tuple[Checked, ...]
    drift: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return (*(finding for one in self.environments for finding in one.findings), *self.drift)


def check(project: Project, names: tuple[str, ...] = ()) -> Report:
    """These environments, by default all, and how all of them differ. UsageError for one that there is not."""
    checked = tuple(_environment(project, name) for name in names or project.environments)
    return Report(checked, drift(project))


def _environment(project: Project, name: str) -> Checked:
    stack = project.outline(name)
    secrets = _secrets(project, stack)
    found = list(project.unmet[name])
    warnings: list[Finding] = []
    notes: list[str] = []
    for one in budgets(stack):
        if one.result == "ok":
            notes.append(f"connections: {one.text}")
        else:
            (found if one.result == "over" else warnings).append(_connections(project, name, one))
    return Checked(
        name, (*found, *secrets.findings), (*warnings, *secrets.warnings), (*notes, *secrets.notes)
    )  # fmt: skip


def _connections(project: Project, name: str, one: Budget) -> Finding:
    node = child(project.trees[name], "stores", one.store)
    place = child(node, "max_connections") or node
    mark, path = (place.at, dotted(place.path)) if place else (Mark(1, 1), "stores")
    return Finding(project.file, *mark, path, f"too many connections, {one.text}; {one.hint}")


def _secrets(project: Project, stack: Stack) -> Checked:
    """What the place that keeps the values says of them; a place that cannot be asked is no mistake of the file."""
    name = stack.environment
    if not stack.secrets:
        return Checked(name)
    try:
        backend = backend_of(stack, project.root)
        there = set(backend.names())
        typed = {one.name: one for one in stack.secrets if one.type and one.name in there}
        values = backend.get(typed) if typed else {}
        found = look_at_secrets(project, name, project.root / Path(project.file).name)
    except UsageError:
        raise
    except FairleadError as error:
        said = f"secrets: not checked: {error.message}" + (f"; {error.hint}" if error.hint else "")
        return Checked(name, notes=(said,))
    unfit = [_secret(project, stack, one, f"expected {what}") for one, what in _unfit(typed, values)]
    absent = {one.name for one in stack.secrets if one.name not in there and (one.generate or not one.required)}
    wrong = [one for one in found.findings if one.path not in absent]
    declared = [one.name for one in stack.secrets]
    said = f"secrets: {len(there.intersection(declared))} of {len(declared)} have a value in {found.where}"
    return Checked(name, (*wrong, *unfit), found.notes, (said,))


def _unfit(typed: dict[str, SecretSpec], values: dict[str, Secret]) -> Iterator[tuple[str, str]]:
    """Names of secrets that are not of their type, and what was expected."""
    patterns = Patterns()
    for name, value in values.items():
        kind = Type(typed[name].type, typed[name].values, typed[name].pattern)
        try:
            fits = kind.fits(value.reveal(), patterns)
        except TooMuch:
            return
        if not fits:
            yield name, kind.what


def _secret(project: Project, stack: Stack, name: str, message: str) -> Finding:
    """Something wrong with the value of a secret, at the line that declares it."""
    tree = project.trees[stack.environment]
    node = child(tree, "secrets", name) or child(tree, "variables", name) or tree
    return Finding(project.file, *node.at, dotted(node.path), message)
