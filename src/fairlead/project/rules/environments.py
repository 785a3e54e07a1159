"""Rules between an environment's own settings and what is merged for it."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.tree import Items, Mapping, child, select


def edge(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Routes and smoke tests need a port of the edge."""
    if child(merged, "edge", "http") is not None or child(merged, "edge", "https") is not None:
        return
    routes = [node for node in select(merged, "services", "*", "routes") if isinstance(node, Items) and node.items]
    smoke = child(merged, "smoke")
    if routes or (isinstance(smoke, Items) and smoke.items):
        what = f"the routes on line {routes[0].at.line}" if routes else "smoke"
        yield problem(own, f"no edge for {what}; add edge: {{http: 8080}}")


RULES = (edge,)
