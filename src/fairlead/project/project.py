"""The project: the file with every environment in it, validated as a whole before anything is done with a part."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field
from itertools import islice

from fairlead.errors import ConfigurationError, Finding, UsageError
from fairlead.project import rules
from fairlead.project.compose import compose
from fairlead.project.environments import Environment
from fairlead.project.file import ProjectFile, Sections
from fairlead.project.merge import OVERLAID, overlay
from fairlead.project.not_built import not_built
from fairlead.project.problem import MOST, Problem, did_you_mean, problem
from fairlead.project.resolve import resolve
from fairlead.project.shape import unknown_key, validate
from fairlead.project.stack import Stack
from fairlead.project.tree import Mapping, Node, Path, child, children, dotted, size

LARGEST = 250_000  #: values times environments; two hundred services in forty environments


@dataclass(frozen=True, slots=True)
class Project:
    """What the user wrote. `root` is the folder of the file, `file` the path as findings show it."""

    name: str
    root: pathlib.Path
    file: str
    resolved: dict[str, tuple[Sections, Environment]] = field(repr=False)  #: by environment, in the file's order

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, in the order of the file."""
        return tuple(self.resolved)

    def stack(self, environment: str) -> Stack:
        """That environment, fully resolved. UsageError when the file has no such environment."""
        if environment not in self.resolved:
            there = f"{self.file} has {', '.join(self.environments)}"
            text = f'there is no environment "{environment}"{did_you_mean(environment, self.environments)}'
            raise UsageError(text, there)
        sections, own = self.resolved[environment]
        return resolve(environment, sections, own)


def parse_project(text: str, root: pathlib.Path, file: str = "fairlead.yaml") -> Project:
    """The project in `text`. ConfigurationError with every finding, in the order of the file."""
    tree, findings = compose(text, file)
    model, problems = validate(ProjectFile, tree)
    problems += [*not_built(tree), *islice(rules.sections(tree), MOST)]
    merged: dict[str, Sections | None] = {}
    for name, own in _checkable(tree, problems):
        if len(problems) < MOST:
            merged[name] = _environment(tree, own, model, problems)
            problems = list(dict.fromkeys(problems))  # what is wrong in the base is wrong in every environment
    findings += [Finding(file, *one.mark, dotted(one.path), one.message) for one in problems]
    if findings or model is None:
        raise ConfigurationError(_ordered(findings))
    resolved = {name: (sections, model.environments[name]) for name, sections in merged.items() if sections}
    return Project(model.name, root, file, resolved)


def _environment(tree: Mapping, own: Mapping, base: ProjectFile | None, problems: list[Problem]) -> Sections | None:
    """The sections of one environment; what is wrong with them is added to `problems`."""

    def report(node: Node, place: Path, message: str) -> None:
        problems.append(unknown_key(Sections, node, place) or problem(node, message))

    merged = overlay(tree, own, report)
    problems += rules.environment(merged, own)
    if not any(key in OVERLAID for key in own.items):
        return base
    sections, wrong = validate(Sections, merged)
    problems += [*wrong, *not_built(merged), *islice(rules.sections(merged), MOST)]
    return sections


def _checkable(tree: Mapping, problems: list[Problem]) -> list[tuple[str, Mapping]]:
    """The environments; none, and a problem, where checking every one of them whole would take too long."""
    environments = child(tree, "environments")
    found = [(str(name), own) for name, own in children(environments) if isinstance(own, Mapping)]
    values = size(tree)
    if environments is None or len(found) * values <= LARGEST:
        return found
    problems.append(problem(environments, f"{len(found)} environments over {values} values are too much to check"))
    return []


def _ordered(findings: list[Finding]) -> list[Finding]:
    """In the order of the file; of very many the first, because nobody reads the others."""
    ordered = sorted(findings, key=lambda one: (one.line, one.column))
    if len(ordered) <= MOST:
        return ordered
    last = ordered[MOST - 1]
    return [
        *ordered[:MOST],
        Finding(last.file, last.line, last.column, "", f"{len(ordered) - MOST} more findings follow"),
    ]
