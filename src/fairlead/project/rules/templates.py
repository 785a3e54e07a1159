"""Rules of templates: each has a place of its own among the rendered files, and goes to services that there are."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.rules.services import entries, missing
from fairlead.project.tree import Mapping, Node, child, quoted, select, text_of
from fairlead.project.values import inside

OWN = frozenset((".fairlead-rendered.json", "compose.yaml", "secrets.sh", "stores", "supervisord", "traefik"))
"""What `render` writes itself, by the first part of the path."""


def targets(tree: Mapping) -> Iterator[Problem]:
    """No two files at one place, none where another one needs a folder, none where Fairlead's own are."""
    taken: dict[str, Node] = {}  #: by every place that a file, or a folder for it, needs
    whole: set[str] = set()
    for node in select(tree, "templates", "*", "to"):
        try:
            target = inside(text_of(node))
        except ValueError:  # said by the schema
            continue
        if target.partition("/")[0] in OWN:
            yield problem(node, f"{quoted(target)} is where a file of Fairlead's own goes; choose another name")
        above = [target[:at] for at, sign in enumerate(target) if sign == "/"]
        other = taken.get(target) or next((taken[one] for one in above if one in whole), None)
        if other is not None:
            yield problem(node, f"{quoted(target)} and that on line {other.at.line} cannot both be there")
        for one in (*above, target):
            taken.setdefault(one, node)
        whole.add(target)


def readers(tree: Mapping) -> Iterator[Problem]:
    """`services` names services, of a template that is handed over like a secret."""
    known = set(entries(tree, "services")) | set(entries(tree, "jobs"))
    for template in select(tree, "templates", "*"):
        for node in select(template, "services", "*"):
            name = text_of(node)
            if name is not None and name not in known:
                yield missing(tree, node, name, known, "service")
        listed = child(template, "services")
        if listed is not None and not _is_secret(template):
            yield problem(
                listed, "only a template with `secret: true` is handed over to services; the others are for all"
            )


def _is_secret(template: Node) -> bool:
    return getattr(child(template, "secret"), "value", None) is True


RULES = (targets, readers)
