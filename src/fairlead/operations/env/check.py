"""Everything that is wrong with environments: values, secrets, connections, and how they differ from each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import FairleadError, Finding, UsageError
from fairlead.masking import Secret
from fairlead.project.budget import Budget, budgets
from fairlead.project.origins import kept
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
    found = list(project.unmet[name])
    warnings: list[Finding] = []
    notes: list[str] = []
    for one in budgets(stack):
        if one.result == "ok":
            notes.append(f"connections: {one.text}")
        else:
            (found if one.result == "over" else warnings).append(_connections(project, name, one))
    wrong, said = _secrets(project, stack)
    return Checked(name, (*found, *wrong), tuple(warnings), (*notes, *said))


def _connections(project: Project, name: str, one: Budget) -> Finding:
    node = child(project.trees[name], "stores", one.store)
    place = child(node, "max_connections") or node
    mark, path = (place.at, dotted(place.path)) if place else (Mark(1, 1), "stores")
    return Finding(project.file, *mark, path, f"too many connections, {one.text}; {one.hint}")


def _secrets(project: Project, stack: Stack) -> tuple[list[Finding], list[str]]:
    """What the place that keeps the values says of them; a place that cannot be asked is no mistake of the file."""
    if not stack.secrets:
        return [], []
    try:
        backend = backend_of(stack, project.root)
        there = backend.names()
        typed = {one.name: one for one in stack.secrets if one.type and one.name in there}
        values = backend.get(typed) if typed else {}
    except UsageError:
        raise
    except FairleadError as error:
        return [], [f"secrets: not checked: {error.message}" + (f"; {error.hint}" if error.hint else "")]
    found = [*_missing(project, stack, there)]
    found += [_secret(project, stack, name, f"expected {what}") for name, what in _unfit(typed, values)]
    many = f"{len(set(there) & {one.name for one in stack.secrets})} of {len(stack.secrets)}"
    return found, [f"secrets: {many} have a value in {kept(stack.secret_backend, stack.environment)}"]


def _missing(project: Project, stack: Stack, there: tuple[str, ...]) -> Iterator[Finding]:
    for one in stack.secrets:
        if one.name not in there and one.required and one.generate is None:
            how = f"fairlead secrets set {stack.environment} {one.name}"
            yield _secret(project, stack, one.name, f"has no value in {stack.environment}; `{how}`")


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
    """Something wrong with a secret, at the line that declares it."""
    tree = project.trees[stack.environment]
    node = child(tree, "secrets", name) or child(tree, "variables", name) or tree
    return Finding(project.file, *node.at, dotted(node.path), message)
