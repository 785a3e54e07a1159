"""Rules of stores: services use, and open connections to, those that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.rules.services import entries
from fairlead.project.rules.variables import written
from fairlead.project.tree import Mapping, Node, child, children, quoted, select, shown, text_of

NUMBER = re.compile("[0-9]{1,5}")


def used(tree: Mapping) -> Iterator[Problem]:
    """`uses` names a store, or a database of one that names its databases."""
    stores = entries(tree, "stores")
    for node in select(tree, "services", "*", "uses", "*"):
        store, _, database = (text_of(node) or "").partition(".")
        if not store:
            continue
        if store not in stores:
            yield from _missing(node, store, stores)
            continue
        databases = {str(key) for key, _ in children(child(stores[store], "databases"))}
        if database and databases and database not in databases:
            advice = did_you_mean(database, databases)
            yield problem(node, f"store {quoted(store)} has no database {quoted(database)}{advice}")


def pools(tree: Mapping) -> Iterator[Problem]:
    """`pools` names a store, and its numbers are numbers."""
    stores = entries(tree, "stores")
    for service in entries(tree, "services").values():
        for store, pool in children(child(service, "pools")):
            if store not in stores:
                yield from _missing(pool, str(store), stores)
            for _, node in children(pool):
                text = written(node)
                if text is not None and "${" not in text and not NUMBER.fullmatch(text):
                    yield problem(node, f"expected a whole number, got {shown(node)}")


def _missing(node: Node, name: str, stores: dict[str, Mapping]) -> Iterator[Problem]:
    """Said where there are stores at all: without any, what a service uses is only a plan so far."""
    if stores:
        yield problem(node, f"there is no store {quoted(name)}{did_you_mean(name, stores)}")


RULES = (used, pools)
