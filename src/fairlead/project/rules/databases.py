"""Rules of databases: what may stand in a `url`, and how the schema of a database moves."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project import placeholders
from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.tree import Mapping, child, children, select, text_of


def urls(tree: Mapping) -> Iterator[Problem]:
    """`${NAME}` in a url is a variable or a secret: the one place of this file where a secret's name may stand."""
    known = {str(name) for section in ("variables", "secrets") for name, _ in children(child(tree, section))}
    for node in (*select(tree, "stores", "*", "url"), *select(tree, "stores", "*", "direct_url")):
        try:
            unknown = [name for name in placeholders.names(text_of(node) or "") if name not in known]
        except ValueError as error:
            yield problem(node, str(error))
            continue
        for name in unknown:
            advice = did_you_mean(name, known) or "; declare it under secrets"
            yield problem(node, f"${{{name}}} has no value here{advice}")


def one_way(tree: Mapping) -> Iterator[Problem]:
    """A schema moves by files or by another tool's command, and only files can wait for a release to go."""
    for database in select(tree, "stores", "*", "databases", "*"):
        files, command = child(database, "migrations"), child(database, "migrator")
        if files is not None and command is not None:
            yield problem(command, f"line {files.at.line} names migrations too; keep one of the two")
        for key in ("migrate", "contract"):
            node = child(database, key)
            if node is not None and files is None and (key == "contract" or command is None):
                yield problem(node, f"{key} goes with migrations, which this database has not")


def run_like(tree: Mapping) -> Iterator[Problem]:
    """A migrator runs with the artifact of a service that there is."""
    known = {str(name) for name, _ in children(child(tree, "services"))}
    for node in select(tree, "stores", "*", "databases", "*", "migrate", "like"):
        if (like := text_of(node) or "") not in known:
            yield problem(node, f"there is no service {like}{did_you_mean(like, known)}")


RULES = (urls, one_way, run_like)
