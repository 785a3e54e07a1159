"""Rules between values, which no schema of single values can say. One module per section that they start from.

Each is a generator over the tree rather than over the models: it runs on a file whose shape is wrong elsewhere, so
that all findings come at once, and every problem points at the value that caused it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.patterns import Patterns
from fairlead.project.problem import Problem
from fairlead.project.rules import (
    backups,
    commands,
    databases,
    edge,
    environments,
    evidence,
    images,
    names,
    rights,
    rollout,
    secrets,
    services,
    stores,
    templates,
    variables,
)
from fairlead.project.tree import Mapping

_SECTIONS = (
    *names.RULES,
    *services.RULES,
    *secrets.RULES,
    *commands.RULES,
    *images.RULES,
    *templates.RULES,
    *rollout.RULES,
    *stores.RULES,
    *databases.RULES,
    *rights.RULES,
    *backups.RULES,
    *edge.RULES,
)


def sections(tree: Mapping) -> Iterator[Problem]:
    """What is wrong between the values of the base, or of one environment after the merge."""
    for rule in _SECTIONS:
        yield from rule(tree)


def typed(tree: Mapping, patterns: Patterns) -> Iterator[Problem]:
    """What is wrong with the variables of the base, or of one environment after the merge."""
    yield from variables.examine(tree, patterns)


def environment(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """What is wrong between an environment's own settings and the merged sections."""
    for rule in (*environments.RULES, *evidence.RULES):
        yield from rule(merged, own)
