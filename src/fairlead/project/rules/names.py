"""Names of Fairlead's own folders where it keeps its state, `HOME/PROJECT/ENVIRONMENT`, and of its own containers."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.tree import Mapping, child, children, quoted, text_of

PROJECTS = frozenset({"ports", "crashes", "stores"})  #: beside the projects
ENVIRONMENTS = frozenset({"artifacts", "ca"})  #: beside the environments of a project
STORES = frozenset({"edge", "edge-traefik", "edge-deputy", "edge-redirect"})  #: containers of the edge; see `RETIRED`
RETIRED = "edge-retired-"  #: begins what others of them are called


def project(tree: Mapping) -> Iterator[Problem]:
    """The project's folder is its own."""
    name = child(tree, "name")
    if name is not None and (text := text_of(name)) in PROJECTS:
        yield problem(name, _taken(str(text)))


def environments(tree: Mapping) -> Iterator[Problem]:
    """And so is that of each environment."""
    for name, own in children(child(tree, "environments")):
        if name in ENVIRONMENTS:
            yield problem(own, _taken(str(name)))


def stores(tree: Mapping) -> Iterator[Problem]:
    """The container of a store is called as the store is, in its environment."""
    for key, store in children(child(tree, "stores")):
        name = str(key)
        if name in STORES or name.startswith(RETIRED):
            yield problem(store, f"{quoted(name)} is what a container of the edge is called; choose another name")


def _taken(name: str) -> str:
    return f"{quoted(name)} is a folder of Fairlead's own; choose another name"


RULES = (project, environments, stores)
