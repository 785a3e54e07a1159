"""The file as a tree that remembers where everything stood.

Overlays are merged on this tree and the rules walk it, so a finding can point at the line that caused it even when
the value has travelled through an anchor or an overlay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class Mark(NamedTuple):
    """A place in the file; both count from 1."""

    line: int
    column: int


class Nothing:
    """Stands for YAML's null in plain data, so that no validator takes it for an absent value."""


NOTHING = Nothing()


@dataclass(slots=True)
class Node:
    """A value and where it stood. `path` is the place in the file, also when the value has been merged elsewhere."""

    path: Path
    mark: Mark  #: of the value
    key: Mark | None  #: of its key; None in a list and at the top
    tag: str = field(default="", kw_only=True)  #: of those tags that the reader was told of

    @property
    def at(self) -> Mark:
        """Where a person looks for it: the key, for an item of a list the item."""
        return self.key or self.mark

    @property
    def overlaid(self) -> bool:
        """Whether an environment said so, rather than the base."""
        return self.path[:1] == ("environments",)


@dataclass(slots=True)
class Scalar(Node):
    """Text, number, true or false, or nothing (None). `text` is how it was written."""

    value: str | int | float | bool | None
    text: str


@dataclass(slots=True)
class Items(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping(Node):
    """A mapping. `removed` holds what an overlay has taken out of it, by the null that did it."""

    items: dict[str, Node] = field(default_factory=dict)
    removed: dict[str, Node] = field(default_factory=dict)


class Whole(int):
    """A whole number that knows how it was written."""

    text: str


class Decimal(float):
    """A number with a fraction that knows how it was written: `3.10` is not `3.1` to a version."""

    text: str


def plain(node: Node) -> Any:
    """The tree as dicts, lists and scalars; numbers keep their text, null is NOTHING."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)  # noqa: S101 - there are three kinds of node
    return _plain_scalar(node)


def _plain_scalar(node: Scalar) -> Any:
    value = node.value
    if value is None:
        return NOTHING
    if isinstance(value, str | bool):
        return value
    number = Whole(value) if isinstance(value, int) else Decimal(value)
    number.text = node.text
    return number


def shown(node: Node) -> str:
    """A value as an error message quotes it, in one short line."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Items):
        return "a list"
    assert isinstance(node, Scalar)  # noqa: S101 - there are three kinds of node
    if node.value is None:
        return "nothing"
    return quoted(node.value) if isinstance(node.value, str) else _short(node.text)


def quoted(text: str) -> str:
    """Text in double quotes, control characters escaped, cut at 60 characters."""
    return json.dumps(_short(text), ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def dotted(path: Path) -> str:
    """A path as a person reads it: `services.web.routes[0].path`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def children(node: Node | None) -> Iterator[tuple[str | int, Node]]:
    """The entries of a mapping or list; of anything else none."""
    if isinstance(node, Mapping):
        yield from node.items.items()
    elif isinstance(node, Items):
        yield from enumerate(node.items)


def size(node: Node) -> int:
    """How many values a tree has, every alias followed."""
    return 1 + sum(size(below) for _, below in children(node))


def child(node: Node | None, *steps: str | int) -> Node | None:
    """The node that many steps down; None as soon as one is not there."""
    for step in steps:
        if isinstance(node, Mapping):
            node = node.items.get(str(step))
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def select(node: Node | None, *steps: str) -> Iterator[Node]:
    """Every node that a pattern such as "services", "*", "build" names, in the order of the tree."""
    if not steps:
        yield from () if node is None else (node,)
        return
    for key, below in children(node):
        if steps[0] in ("*", key):
            yield from select(below, *steps[1:])


def nearest(node: Node, steps: Path) -> tuple[Node, int]:
    """The deepest node there is on the way down `steps`, and how many steps were taken."""
    for taken, step in enumerate(steps):
        below = child(node, step)
        if below is None:
            return node, taken
        node = below
    return node, len(steps)


def text_of(node: Node | None) -> str | None:
    """The text of a scalar that is text; None for everything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None
