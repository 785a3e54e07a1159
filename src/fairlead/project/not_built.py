"""What the file may say already, and this version cannot do yet. Building a part deletes its row.

The schema of the whole file was settled first, so that the parts fit. A row names a place; with `only` it holds for
those values alone, because the others ask for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.project.problem import Problem, problem
from fairlead.project.tree import Node, Scalar, select

THIS_VERSION = "not built yet in this version of Fairlead"


@dataclass(frozen=True, slots=True)
class Row:
    """One part that is not built yet. `place` is dotted, `*` is any key or item."""

    place: str
    instead: str = ""
    only: tuple[str, ...] = ()


ROWS = (
    Row("variables"),
    Row("secrets"),
    Row("stores"),
    Row("services.*.build", "use source and command"),
    Row("services.*.image", "use source and command"),
    Row("services.*.networks"),
    Row("services.*.uses"),
    Row("services.*.secrets"),
    Row("services.*.resources"),
    Row("services.*.routes.*.limit"),
    Row("services.*.routes.*.policies"),
    Row("environments.*.runtime", "use process", only=("docker", "kubernetes")),
    Row("environments.*.host", "run fairlead on that machine"),
    Row("environments.*.edge.https", "use http"),
)


def not_built(tree: Node) -> Iterator[Problem]:
    """A problem for every part of the tree that is not built yet."""
    for row in ROWS:
        for node in select(tree, *row.place.split(".")):
            if not row.only or (isinstance(node, Scalar) and node.value in row.only):
                yield problem(node, message(row, node))


def message(row: Row, node: Node) -> str:
    """What is said of a part that is not built yet."""
    subject = f"{node.text} is " if row.only and isinstance(node, Scalar) else ""
    return f"{subject}{THIS_VERSION}" + (f"; {row.instead}" if row.instead else "")
