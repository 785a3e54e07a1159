"""Rules of backups: they go somewhere, and are of a store or volume that they can be made of."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.rules.services import entries
from fairlead.project.tree import Mapping, Node, Scalar, child, quoted, text_of


def placed(tree: Mapping) -> Iterator[Problem]:
    """A place is not beside the project file: a checkout comes and goes."""
    for store in (one for section in ("stores", "volumes") for one in entries(tree, section).values()):
        backup = child(store, "backup")
        to = child(backup, "to")
        text = text_of(to) or ""
        if to is not None and text and not text.startswith(("s3://", "/", "${")):
            yield problem(to, "expected s3://BUCKET/PREFIX or a folder by its whole path, /srv/backups say")
        for key in ("endpoint", "access_key", "secret_key", "ca"):
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
        if text_of(child(physical, "engine")) == "pgbackrest":
            yield from _with_pgbackrest(child(store, "backup"), wal, sync)
        moments = child(store, "backup", "keep", "point_in_time")
        if moments is not None and (physical is None or _is(wal, False)):
            yield problem(
                moments, "a point in time needs copies of the data files and the log: physical: {full: weekly}"
            )


def _with_pgbackrest(backup: Node | None, wal: Node | None, sync: Node | None) -> Iterator[Problem]:
    """Its own ways: it takes the log in whole segments, and always."""
    if wal is not None and _is(wal, False):
        yield problem(wal, "pgBackRest makes no copy without the log; leave this out")
    if sync is not None and _is(sync, True):
        yield problem(
            sync, "pgBackRest takes the log in whole segments, and no commit can wait for one; engine: builtin"
        )
    spool = child(backup, "physical", "spool")
    if spool is not None:
        yield problem(spool, "pgBackRest has no spool: all of the log waits with the server; leave this out")
    endpoint = child(backup, "endpoint")
    if endpoint is not None and (text_of(endpoint) or "").startswith("http://"):
        yield problem(endpoint, "pgBackRest speaks to an S3 by https alone; use https, or engine: builtin")


def _is(node: Node | None, value: bool) -> bool:
    return isinstance(node, Scalar) and node.value is value


def fitting(tree: Mapping) -> Iterator[Problem]:
    """Copies of data files and the log between them are PostgreSQL's."""
    for store in (one for one in entries(tree, "stores").values() if text_of(child(one, "kind")) != "postgres"):
        backup = child(store, "backup")
        for node in (child(backup, "physical"), child(child(backup, "keep"), "point_in_time")):
            if node is not None:
                yield problem(node, "this is of stores of kind postgres; use logical: a snapshot, or all files")


def volumes(tree: Mapping) -> Iterator[Problem]:
    """One is not called as a store is, since backups are found by name."""
    stores = entries(tree, "stores")
    for name, volume in entries(tree, "volumes").items():
        if name in stores:
            yield problem(volume, f"a store is called {quoted(name)} too, and backups are found by that name")


def apart(tree: Mapping) -> Iterator[Problem]:
    """What is restored of one must not take the place of what another one has."""
    seen: dict[str, str] = {}
    for name, volume in entries(tree, "volumes").items():
        node = child(volume, "path")
        if node is None or not (text := text_of(node) or "").startswith("/"):
            continue  # what is wrong with it is said of it
        path = posixpath.normpath(text).replace("//", "/")
        other = next((seen[one] for one in seen if overlap(one, path)), None)
        if other:
            what = f"volume {quoted(other)} has this folder, or one that it lies in or has in it"
            yield problem(node, f"{what}; a restore of one would replace the other: name it once")
        seen.setdefault(path, name)


def overlap(one: str, other: str) -> bool:
    """Whether one of two folders is the other, or is in it."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def quiet(tree: Mapping) -> Iterator[Problem]:
    """Who is to be quiet is there, and is told how."""
    known = entries(tree, "services")
    for volume in entries(tree, "volumes").values():
        said = child(volume, "backup", "quiet")
        name = child(said, "service")
        if name is not None and text_of(name) not in known:
            text = text_of(name) or ""
            yield problem(name, f"there is no service {quoted(text)}{did_you_mean(text, known)}")
        if said is not None and not any(child(said, key) for key in ("before", "after", "pause")):
            yield problem(said, "say what happens: before, after or pause")


RULES = (placed, possible, received, fitting, volumes, apart, quiet)
