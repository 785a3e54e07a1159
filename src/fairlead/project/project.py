"""The project: the file with every environment in it, validated as a whole before anything is done with a part."""

from __future__ import annotations

import pathlib
from collections import abc
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from fairlead.errors import ConfigurationError, Finding, UsageError
from fairlead.project import rules
from fairlead.project.compose import compose
from fairlead.project.environments import Environment
from fairlead.project.file import ProjectFile, Sections
from fairlead.project.given import DotEnv, Given, given
from fairlead.project.merge import OVERLAID, overlay
from fairlead.project.obstacles import obstacles
from fairlead.project.patterns import Patterns
from fairlead.project.problem import MOST, Problem, did_you_mean, problem
from fairlead.project.resolve import resolve
from fairlead.project.shape import unknown_key, validate
from fairlead.project.stack import Stack
from fairlead.project.tree import Mapping, Node, Path, child, children, dotted, size
from fairlead.project.unmet import Examined, unmet

LARGEST = 250_000  #: values times environments; two hundred services in forty environments


@dataclass(frozen=True, slots=True)
class Project:
    """What the user wrote. `root` is the folder of the file, `file` the path as findings show it."""

    name: str
    root: pathlib.Path
    file: str
    resolved: dict[str, tuple[Sections, Environment]] = field(repr=False)  #: by environment, in the file's order
    obstacles: dict[str, tuple[Finding, ...]] = field(repr=False)  #: by environment: why it cannot be run
    unmet: dict[str, tuple[Finding, ...]] = field(repr=False)  #: by environment: values it lacks or has wrong
    given: dict[str, Given] = field(repr=False)  #: by environment: what its `.env.ENVIRONMENT` says
    trees: dict[str, Mapping] = field(repr=False)  #: by environment: the sections as merged, and where they stand
    tree: Mapping = field(repr=False)  #: the whole file

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, in the order of the file."""
        return tuple(self.resolved)

    def stack(self, environment: str) -> Stack:
        """That environment, fully resolved, to be run.

        UsageError when the file has no such environment; ConfigurationError when it lacks a value, or needs what is
        not built yet.
        """
        outline = self.outline(environment)
        if findings := (*self.unmet[environment], *self.obstacles[environment]):
            raise ConfigurationError(findings)
        return outline

    def outline(self, environment: str) -> Stack:
        """That environment, fully resolved, to be looked at or rendered. UsageError when there is no such one."""
        if environment not in self.resolved:
            there = f"{self.file} has {', '.join(self.environments)}"
            text = f'there is no environment "{environment}"{did_you_mean(environment, self.environments)}'
            raise UsageError(text, there)
        sections, own = self.resolved[environment]
        return resolve(environment, sections, own, self.given[environment].values)


def parse_project(
    text: str,
    root: pathlib.Path,
    file: str = "fairlead.yaml",
    dotenv: abc.Mapping[str, DotEnv] | None = None,
    composed: tuple[Mapping, list[Finding]] | None = None,
) -> Project:
    """The project in `text`. ConfigurationError with every finding, in the order of the file.

    `dotenv` has the `.env.ENVIRONMENT` files there are, by environment; what is wrong with one concerns it alone.
    `composed` is what `compose` made of that text, where somebody had it do so already; it is used up.
    """
    tree, findings = composed or compose(text, file)
    model, problems = validate(ProjectFile, tree)
    patterns = Patterns()
    problems += [*islice(rules.sections(tree), MOST), *islice(rules.typed(tree, patterns), MOST)]
    found: dict[str, tuple[Mapping, Sections | None]] = {}
    unfit: dict[str, tuple[Finding, ...]] = {}
    for name, own in _checkable(tree, problems):
        if len(problems) < MOST:
            found[name] = _environment(tree, own, model, patterns, problems)
            unfit[name] = tuple(_ordered(_found(islice(obstacles(found[name][0], own), MOST), file)))
            problems = list(dict.fromkeys(problems))  # what is wrong in the base is wrong in every environment
    findings += _found(problems, file)
    if findings or model is None:
        raise ConfigurationError(_ordered(findings))
    resolved = {name: (sections, model.environments[name]) for name, (_, sections) in found.items() if sections}
    files = {name: given((dotenv or {}).get(name), name) for name in resolved}
    trees = {name: merged for name, (merged, _) in found.items()}
    lacking = {
        name: tuple(islice(unmet(Examined(name, trees[name], sections, files[name], file), patterns), MOST))
        for name, (sections, _) in resolved.items()
    }
    return Project(model.name, root, file, resolved, unfit, lacking, files, trees, tree)


def _found(problems: Iterable[Problem], file: str) -> list[Finding]:
    return [Finding(file, *one.mark, dotted(one.path), one.message) for one in problems]


def _environment(
    tree: Mapping, own: Mapping, base: ProjectFile | None, patterns: Patterns, problems: list[Problem]
) -> tuple[Mapping, Sections | None]:
    """One environment, merged, and its sections; what is wrong with them is added to `problems`."""

    def report(node: Node, place: Path, message: str) -> None:
        problems.append(unknown_key(Sections, node, place) or problem(node, message))

    merged = overlay(tree, own, report)
    problems += rules.environment(merged, own)
    if not any(key in OVERLAID for key in own.items):
        return merged, base
    sections, wrong = validate(Sections, merged)
    problems += [*wrong, *islice(rules.sections(merged), MOST), *islice(rules.typed(merged, patterns), MOST)]
    return merged, sections


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
