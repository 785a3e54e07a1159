"""Rules of stores: services use, and open connections to, those that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.project.access import prefix
from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.rules.services import entries
from fairlead.project.rules.variables import written
from fairlead.project.tree import Mapping, Node, Scalar, child, children, quoted, select, shown, text_of

NUMBER = re.compile("[0-9]{1,5}")


def used(tree: Mapping) -> Iterator[Problem]:
    """`uses` names a store, or a database of one that names its databases."""
    stores = entries(tree, "stores")
    for node in select(tree, "services", "*", "uses", "*"):
        named = child(node, "store") if isinstance(node, Mapping) else node
        if named is not None:
            yield from _used(named, stores)


def _used(node: Node, stores: dict[str, Mapping]) -> Iterator[Problem]:
    store, _, database = (text_of(node) or "").partition(".")
    if not store:
        return
    if store not in stores:
        yield from _missing(node, store, stores)
        return
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


OF_KINDS = {
    "postgres": ("databases", "max_connections", "direct_url"),
    "redis": ("maxmemory", "maxmemory_policy", "queue"),
    "s3": ("buckets", "encrypted", "tls", "window"),
    "container": ("preset",),
}
"""What only stores of one kind have."""


def fitting(tree: Mapping) -> Iterator[Problem]:
    """What a store says goes with its kind."""
    for store in entries(tree, "stores").values():
        own = text_of(child(store, "kind"))
        for kind, keys in OF_KINDS.items():
            for key in keys:
                node = child(store, key)
                if node is not None and own in OF_KINDS and own != kind:
                    yield problem(node, f"{key} is of stores of kind {kind}, and this one is {own}")


def started(tree: Mapping) -> Iterator[Problem]:
    """A container is of some image."""
    for store in entries(tree, "stores").values():
        kind = child(store, "kind")
        if text_of(kind) == "container" and all(child(store, key) is None for key in ("image", "preset", "url")):
            yield problem(kind or store, "a container needs an image, or a preset")


def direct(tree: Mapping) -> Iterator[Problem]:
    """The server itself is named beside what services are given."""
    for store in entries(tree, "stores").values():
        node = child(store, "direct_url")
        if node is not None and child(store, "url") is None:
            yield problem(node, "direct_url goes with a url, which is what services are given")


def queues(tree: Mapping) -> Iterator[Problem]:
    """A job that is dropped when memory runs out is a job that was lost."""
    for store in entries(tree, "stores").values():
        policy, queue = child(store, "maxmemory_policy"), child(store, "queue")
        says_so = isinstance(queue, Scalar) and queue.value is True
        if policy is not None and says_so and text_of(policy) != "noeviction":
            what = f"a queue must not drop jobs, and {text_of(policy)} does when memory is full"
            yield problem(policy, f"{what}; use noeviction, or another store for the queue")


def names_apart(tree: Mapping) -> Iterator[Problem]:
    """What services are handed of a store has a name that no secret of the file may have too."""
    secrets = dict(children(child(tree, "secrets")))
    for name, store in entries(tree, "stores").items():
        databases = [str(key) for key, _ in children(child(store, "databases"))]
        own = prefix(name)
        made = [f"{own}_URL", f"{own}_CA", f"{own}_ACCESS_KEY"]
        made += [f"{own}_AUTHORITIES"] if text_of(child(store, "kind")) == "s3" else []
        for taken in (*made, *(f"{prefix(name, one)}_URL" for one in databases)):
            if taken in secrets and text_of(child(store, "url")) != f"${{{taken}}}":
                what = f"services get this of store {quoted(name)}; call the secret something else"
                yield problem(secrets[taken], what)


RULES = (used, pools, fitting, started, direct, queues, names_apart)
