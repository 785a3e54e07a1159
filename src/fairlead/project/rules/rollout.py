"""Rules of `rollout`: canary steps, and rolling with room to move."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, blame, problem
from fairlead.project.tree import Items, Mapping, Scalar, child, select, text_of

_OTHERS = ("rolling", "blue-green")


def steps(tree: Mapping) -> Iterator[Problem]:
    """Steps belong to canary. An environment with another strategy leaves those of the base unused."""
    node, strategy = child(tree, "rollout", "steps"), child(tree, "rollout", "strategy")
    if not isinstance(node, Items) or not node.items or not (strategy is None or text_of(strategy) in _OTHERS):
        return
    if strategy is not None and strategy.overlaid and not node.overlaid:
        return
    named = text_of(strategy) or "blue-green, the default"
    yield problem(node, f"steps belong to the strategy canary, and strategy is {named}")


def ascending(tree: Mapping) -> Iterator[Problem]:
    """Each step has more weight than the one before."""
    before: Scalar | None = None
    for node in select(tree, "rollout", "steps", "*", "weight"):
        if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
            continue
        if before is not None and not _number(node) > _number(before):
            yield problem(node, f"the weight must be greater than {before.text}, the one before")
        before = node


def _number(node: Scalar) -> float:
    return float(node.value) if isinstance(node.value, int | float) else 0.0


def room(tree: Mapping) -> Iterator[Problem]:
    """Something must be able to move: one instance more, or one fewer."""
    surge, unavailable = child(tree, "rollout", "surge"), child(tree, "rollout", "unavailable")
    if not isinstance(surge, Scalar) or surge.value != 0 or isinstance(surge.value, bool):
        return
    if unavailable is None or (isinstance(unavailable, Scalar) and unavailable.value == 0):
        yield problem(blame(surge, unavailable), "with surge and unavailable 0 no instance can be replaced; raise one")


RULES = (steps, ascending, room)
