"""Rules of `variables`: a type has what it needs, and what the file itself offers as a value is of that type.

Not among the others, because matching the patterns of users costs something, of which the file as a whole has so much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fairlead.project import placeholders
from fairlead.project.patterns import Patterns, TooMuch, Unfit
from fairlead.project.problem import Problem, blame, did_you_mean, problem
from fairlead.project.tree import Mapping, Node, Scalar, child, children, select, shown, text_of
from fairlead.project.types import KINDS, Type


class Typed(NamedTuple):
    """A variable as the tree has it: what says its type, and the values that the file offers."""

    node: Node
    kind: Node | None
    values: Node | None
    pattern: Node | None
    offered: tuple[Node, ...]  #: default and example

    @property
    def type(self) -> Type:
        """The type, as far as it can be read."""
        choices = tuple(text for _, node in children(self.values) if (text := written(node)) is not None)
        return Type(text_of(self.kind), choices, text_of(self.pattern))


def examine(tree: Mapping, patterns: Patterns) -> Iterator[Problem]:
    """What is wrong with the variables of the base, or of one environment after the merge."""
    variables = child(tree, "variables")
    try:
        for name, node in children(variables):
            if name in placeholders.NAMES:
                yield problem(node, f"${{{name}}} is what Fairlead itself puts in; choose another name")
            yield from _variable(_typed(node), patterns)
    except TooMuch:
        if variables is not None:
            yield problem(variables, "the patterns and what they have to match are too much to check; simplify them")


def written(node: Node | None) -> str | None:
    """A scalar as an environment variable gets it; None for anything else."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return node.value if isinstance(node.value, str) else node.text


def _typed(node: Node) -> Typed:
    offered = (node,) if isinstance(node, Scalar) else (*select(node, "default"), *select(node, "example"))
    return Typed(node, child(node, "type"), child(node, "values"), child(node, "pattern"), offered)


def _variable(one: Typed, patterns: Patterns) -> Iterator[Problem]:
    named = one.type.name
    if named is not None and named not in (*KINDS, "enum", "regex"):  # said by the shape
        return
    yield from _parts(one, named)
    if one.pattern is not None and (text := text_of(one.pattern)) is not None:
        yield from _pattern(one.pattern, text, patterns)
    if named == "enum" and not one.type.values:
        return
    for node in one.offered:
        text = written(node)
        if text is not None and not one.type.fits(text, patterns):
            place = blame(node, one.kind, one.values, one.pattern)
            advice = did_you_mean(text, one.type.values)
            yield problem(place, f"expected {one.type.what}, got {shown(node)}{advice}")


def _parts(one: Typed, named: str | None) -> Iterator[Problem]:
    """What belongs to a type is there, and nothing that belongs to another."""
    for kind, key, node in (("enum", "values", one.values), ("regex", "pattern", one.pattern)):
        given = node is not None and (key != "values" or bool(list(children(node))))
        if named == kind and not given:
            yield problem(blame(one.kind or one.node, node), f"{kind} needs {key}; add {key}")
        elif named != kind and node is not None:
            yield problem(blame(node, one.kind), f"only {kind} has {key}; add type: {kind}, or remove {key}")


def _pattern(node: Node, text: str, patterns: Patterns) -> Iterator[Problem]:
    try:
        patterns.readable(text)
    except Unfit as error:
        yield problem(node, str(error))
