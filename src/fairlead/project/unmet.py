"""What keeps one environment from having all its values: missing, not of their type, or left as an example.

It concerns that environment alone: the file loads, others run, and this one can still be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import Finding
from fairlead.project import placeholders
from fairlead.project.file import Sections
from fairlead.project.given import Given
from fairlead.project.patterns import Patterns, TooMuch
from fairlead.project.placeholder_values import is_placeholder
from fairlead.project.problem import did_you_mean
from fairlead.project.resolve_values import variables as valued
from fairlead.project.rules.stores import NUMBER
from fairlead.project.rules.variables import written
from fairlead.project.tree import Mapping, Node, Scalar, child, children, dotted, quoted, select, text_of
from fairlead.project.types import Type
from fairlead.project.variables import Variable

_LITERAL = frozenset({"port", "int", "bool", "duration", "size", "enum"})  #: types whose example may well be the value
_USING = ("services", "jobs", "stores", "compose", "tests")


@dataclass(frozen=True, slots=True)
class Examined:
    """One environment, as it is looked at here."""

    name: str
    tree: Mapping  #: merged
    sections: Sections
    given: Given
    file: str  #: the project file, as findings show it


def unmet(one: Examined, patterns: Patterns) -> Iterator[Finding]:
    """Everything wrong with the values of an environment, `.env.ENVIRONMENT` first."""
    yield from one.given.findings
    yield from _names(one)
    try:
        for name, variable in one.sections.variables.items():
            if not variable.secret:
                yield from _variable(one, name, variable, patterns)
    except TooMuch:
        text = "the patterns and what they have to match are too much to check; simplify them"
        yield Finding(one.given.file, 1, 1, "", text)
    yield from _uses(one)
    yield from _numbers(one)


def type_of(variable: Variable) -> Type:
    """The type that a variable declares."""
    return Type(variable.type, variable.values, variable.pattern)


def _names(one: Examined) -> Iterator[Finding]:
    """Every name of `.env.ENVIRONMENT` is one of a plain variable."""
    variables, given = one.sections.variables, one.given
    plain = {name: variable for name, variable in variables.items() if not variable.secret}
    for name in given.entries:
        if name in plain:
            continue
        if name in variables or name in one.sections.secrets:
            how = f"keep it with `fairlead secrets import {one.name} {given.file}`, and take it out of this file"
            yield given.finding(name, f"a secret, in a file that everybody can read; {how}")
        else:
            advice = did_you_mean(name, plain) or "; declare it under variables, or remove it here"
            yield given.finding(name, f"there is no variable {quoted(name)}{advice}")


def _variable(one: Examined, name: str, variable: Variable, patterns: Patterns) -> Iterator[Finding]:
    value = one.given.values.get(name, variable.default)
    if value is None or (value == "" and variable.required):
        if variable.required:
            yield _missing(one, name, variable, value is not None)
        return
    if value == "":
        return
    if name in one.given.entries and not type_of(variable).fits(value, patterns):
        yield one.given.finding(name, f"expected {type_of(variable).what}")
    elif is_placeholder(value) or _is_example(one, name, variable, value):
        text = f"an example is left in place; put in what {one.name} uses"
        yield one.given.finding(name, text) if name in one.given.entries else _at(one, _default(one, name), text)


def _is_example(one: Examined, name: str, variable: Variable, value: str) -> bool:
    if value != (variable.example or type_of(variable).example) or variable.type in _LITERAL:
        return False
    return name in one.given.entries or _default(one, name).overlaid


def _missing(one: Examined, name: str, variable: Variable, empty: bool) -> Finding:
    example = variable.example or type_of(variable).example or "…"
    if "'" not in example and any(letter in example for letter in '"$# \\'):
        example = f"'{example}'"
    what = f"is empty in {one.name}" if empty else f"has no value in {one.name}"
    where = f"put {name}={example} into .env.{one.name}, or give it one under environments.{one.name}.variables"
    if empty and name in one.given.entries:
        return one.given.finding(name, f"{what}; put in a value such as {example}, or say required: false")
    node = child(one.tree, "variables", name) or one.tree
    return _at(one, node, f"{what}; {where}")


def _default(one: Examined, name: str) -> Node:
    node = child(one.tree, "variables", name) or one.tree
    return child(node, "default") or node


def _at(one: Examined, node: Node, message: str) -> Finding:
    return Finding(one.file, *node.at, dotted(node.path), message)


def _uses(one: Examined) -> Iterator[Finding]:
    """What needs not have a value has one where it is used."""
    values = valued(one.sections.variables, one.given.values)
    gone = {name for name, v in one.sections.variables.items() if not (v.secret or v.required or name in values)}
    if not gone:
        return
    for section in _USING:
        for node in _scalars(child(one.tree, section)):
            for name in _named(node):
                if name in gone:
                    yield _at(one, node, f"${{{name}}} has no value in {one.name}; put it into .env.{one.name}")


def _numbers(one: Examined) -> Iterator[Finding]:
    """The size of a pool is a number once its variables are put in."""
    values = valued(one.sections.variables, one.given.values)
    for node in select(one.tree, "services", "*", "pools", "*", "*"):
        text = written(node)
        if text is None or "${" not in text or not all(name in values for name in _named(node)):
            continue
        if not NUMBER.fullmatch(placeholders.expand(text, values)):
            yield _at(one, node, f"expected a whole number, and that is not what {text} comes to in {one.name}")


def _named(node: Node) -> list[str]:
    text = text_of(node)
    try:
        return list(placeholders.names(text)) if text and "${" in text else []
    except ValueError:  # said where it stands
        return []


def _scalars(node: Node | None) -> Iterator[Node]:
    if isinstance(node, Scalar):
        yield node
    for _, below in children(node):
        yield from _scalars(below)
