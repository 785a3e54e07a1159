"""An environment over the base: mappings are merged key by key, everything else is replaced, null removes a key.

Lists are replaced whole, because no rule for joining two lists is right for both `routes` and `needs`. What is written
short is made long first where both sides meet, so that `health: {timeout: 9s}` over `health: /ready` keeps the path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fairlead.project.tree import Mapping, Node, Path, Scalar, quoted

Report = Callable[[Node, Path, str], None]

OVERLAID = (
    "variables", "secrets", "secret_backend", "services", "jobs", "tests", "edge", "stores", "volumes", "templates",
    "smoke", "rollout", "deploy", "notify", "registry", "compose",
)  # fmt: skip

WHOLE_ONLY = ("may_differ", "environments")  #: sections of the file as a whole, which no environment has

_SHORT: dict[Path, str] = {  #: where text stands for a mapping with this one key
    ("services", "*", "health"): "ready",
    ("edge", "policies", "headers"): "set",
    ("edge", "policies", "limit"): "rate",
    ("rollout", "judge", "latency"): "over",
    ("rollout", "judge", "probes"): "rate",
    ("rollout", "watch"): "for",
    ("secrets", "*", "rotate"): "every",
    ("secret_backend",): "kind",
    ("registry",): "url",
    ("variables", "*"): "default",
}


def overlay(base: Mapping, environment: Mapping, report: Report) -> Mapping:
    """The file's sections as one environment has them, without those that only the file as a whole has.

    `report` is told of a null that removes what is not there: the null, its place in the sections, and the message.
    """
    own = {key: node for key, node in environment.items.items() if key in OVERLAID}
    rest = {key: node for key, node in base.items.items() if key not in WHOLE_ONLY}
    return _merge(replace(base, items=rest), replace(environment, items=own), (), report)


def _merge(base: Mapping, over: Mapping, place: Path, report: Report) -> Mapping:
    merged = replace(base, items=dict(base.items), removed={})
    for key, node in over.items.items():
        below = (*place, key)
        if isinstance(node, Scalar) and node.value is None:
            _remove(merged, below, node, report)
        else:
            merged.items[key] = _over(base.items.get(key), node, below, report)
    return merged


def _over(base: Node | None, node: Node, place: Path, report: Report) -> Node:
    base, node = _long(base, node, place), _long(node, base, place) or node
    if not isinstance(node, Mapping):
        return node
    if isinstance(base, Mapping):
        return _merge(base, node, place, report)
    return _merge(replace(node, items={}), node, place, report)


def _long(node: Node | None, other: Node | None, place: Path) -> Node | None:
    """`node`, made long when it is written short and `other` is not."""
    key = _SHORT.get(place) or _SHORT.get((place[0], "*", *place[2:]) if place[1:] else place)
    if key is None or not isinstance(node, Scalar) or node.value is None or not isinstance(other, Mapping):
        return node
    return Mapping(node.path, node.mark, node.key, {key: node})


def _remove(merged: Mapping, place: Path, node: Node, report: Report) -> None:
    key = str(place[-1])
    if merged.items.pop(key, None) is None:
        report(node, place, f"null removes a key, and there is no {quoted(key)} in the base")
    merged.removed[key] = node
