"""Rules of `rollout`: what belongs to which strategy, canary steps, and rolling with room to move."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, blame, problem
from fairlead.project.tree import Items, Mapping, Node, Scalar, child, select, text_of

_OTHERS = ("rolling", "blue-green")


def strategies(tree: Mapping) -> Iterator[Problem]:
    """Parts that only some strategies have. An environment with another strategy leaves those of the base unused."""
    strategy = child(tree, "rollout", "strategy")
    chosen = "blue-green" if strategy is None else text_of(strategy)
    named = chosen if strategy is not None else "blue-green, the default"
    for node, text, kinds in _parts(tree):
        idle = strategy is not None and strategy.overlaid and not node.overlaid
        if chosen in kinds and not idle:
            yield problem(node, text.format(named))


def _parts(tree: Mapping) -> Iterator[tuple[Node, str, tuple[str, ...]]]:
    """What not every strategy has, what is said of it then, and with which strategies it is said."""
    steps, sticky, shadow = (child(tree, "rollout", key) for key in ("steps", "sticky", "shadow"))
    if isinstance(steps, Items) and steps.items:
        yield steps, "steps belong to the strategy canary, and strategy is {}", _OTHERS
    if sticky is not None and text_of(sticky) == "cookie":
        yield sticky, "cookie belongs to the strategy canary, and strategy is {}", _OTHERS
    if shadow is not None:
        text = "a shadow needs the whole new release beside the old one, and strategy is {}"
        yield shadow, f"{text}; choose blue-green or canary", ("rolling",)


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


RULES = (strategies, ascending, room)
