"""Rules of backups: they go somewhere, and are of a store that they can be made of."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.rules.services import entries
from fairlead.project.tree import Mapping, Node, Scalar, child, text_of


def placed(tree: Mapping) -> Iterator[Problem]:
    """A place is not beside the project file: a checkout comes and goes."""
    for store in entries(tree, "stores").values():
        backup = child(store, "backup")
        to = child(backup, "to")
        text = text_of(to) or ""
        if to is not None and text and not text.startswith(("s3://", "/", "${")):
            yield problem(to, "expected s3://BUCKET/PREFIX or a folder by its whole path, /srv/backups say")
        for key in ("endpoint", "access_key", "secret_key"):
            node = child(backup, key)
            if node is not None and text.startswith("/"):
                yield problem(node, f"{key} is of backups in S3, and these go to a folder")


def possible(tree: Mapping) -> Iterator[Problem]:
    """Files are copied only of what Fairlead runs itself."""
    for store in entries(tree, "stores").values():
        physical = child(store, "backup", "physical")
        if physical is not None and child(store, "url") is not None:
            yield problem(physical, "somebody else runs this store, so its files are out of reach; use logical")


def received(tree: Mapping) -> Iterator[Problem]:
    """What needs the log is asked for with it."""
    for store in entries(tree, "stores").values():
        physical = child(store, "backup", "physical")
        wal, sync = child(physical, "wal"), child(physical, "sync")
        if sync is not None and _is(sync, True) and _is(wal, False):
            yield problem(sync, "a commit can wait for a log that is received alone, and wal is false here")
        moments = child(store, "backup", "keep", "point_in_time")
        if moments is not None and (physical is None or _is(wal, False)):
            yield problem(
                moments, "a point in time needs copies of the data files and the log: physical: {full: weekly}"
            )


def _is(node: Node | None, value: bool) -> bool:
    return isinstance(node, Scalar) and node.value is value


RULES = (placed, possible, received)
