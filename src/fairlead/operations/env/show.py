"""The resolved values of one environment, and those in which two differ."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.errors import UsageError
from fairlead.project.origins import Value, origins
from fairlead.project.parity import matches
from fairlead.project.problem import did_you_mean
from fairlead.project.project import Project
from fairlead.project.tree import dotted


def show(project: Project, environment: str, pattern: str | None = None) -> tuple[Value, ...]:
    """Every value, or those at and below a dotted pattern. UsageError when it names nothing."""
    values = origins(project, environment)
    found = tuple(one for one in values if pattern is None or matches(pattern, one.path))
    if pattern is not None and not found:
        places = {dotted(one.steps[:length]) for one in values for length in range(1, len(one.steps) + 1)}
        advice = did_you_mean(pattern, sorted(places))
        text = f'{environment} has nothing at "{pattern}"{advice}'
        raise UsageError(text, "name a value or what it is in, with * for any key: services.*.replicas")
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that two environments do not have in common; None where one of them has none."""

    path: str
    first: Value | None
    second: Value | None


def diff(project: Project, first: str, second: str, pattern: str | None = None) -> tuple[Difference, ...]:
    """Every difference of values, at and below a dotted pattern, in the order of the schema.

    Of secrets, only whether both have them.
    """
    left = {one.steps: one for one in origins(project, first)}
    right = {one.steps: one for one in origins(project, second)}
    found = (
        Difference(dotted(path), left.get(path), right.get(path))
        for path in dict.fromkeys((*left, *right))
        if _told(left.get(path)) != _told(right.get(path))
    )
    return tuple(one for one in found if pattern is None or matches(pattern, one.path))


def _told(one: Value | None) -> tuple[bool, bool, str | None]:
    return (one is None, one is not None and one.source == "missing", one.text if one else None)
