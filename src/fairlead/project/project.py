"""The project: the file with every environment in it, validated as a whole before anything is done with a part."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from fairlead.errors import ConfigurationError, Finding, UsageError
from fairlead.project import rules
from fairlead.project.compose import compose
from fairlead.project.environments import Environment
from fairlead.project.file import ProjectFile, Sections
from fairlead.project.merge import OVERLAID, overlay
from fairlead.project.not_built import not_built
from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.resolve import resolve
from fairlead.project.shape import unknown_key, validate
from fairlead.project.stack import Stack
from fairlead.project.tree import Mapping, Node, Path, child, children, dotted


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
    problems += [*not_built(tree), *rules.sections(tree)]
    merged: dict[str, Sections | None] = {}
    for name, own in children(child(tree, "environments")):
        if isinstance(own, Mapping):
            merged[str(name)] = _environment(tree, own, model, problems)
    findings += _findings(problems, file)
    if findings or model is None:
        raise ConfigurationError(sorted(findings, key=lambda one: (one.line, one.column)))
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
    problems += [*wrong, *not_built(merged), *rules.sections(merged)]
    return sections


def _findings(problems: Iterable[Problem], file: str) -> list[Finding]:
    """Each once: what is wrong in the base is wrong in every environment too."""
    return [Finding(file, *one.mark, dotted(one.path), one.message) for one in dict.fromkeys(problems)]
