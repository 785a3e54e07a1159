"""What an environment asks for and this version cannot run yet. Building a part deletes its row.

The schema of the whole file was settled first, so that the parts fit. All of it loads, is checked and rendered; only
running an environment that needs a part which is not built is refused. A row names a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.project.problem import Problem, problem
from fairlead.project.tree import Mapping, child, children, select, text_of

THIS_VERSION = "not built yet in this version of Fairlead"


@dataclass(frozen=True, slots=True)
class Row:
    """One part that is not built yet. `place` is dotted, `*` is any key or item."""

    place: str
    instead: str = ""


SECTIONS = (Row("services.*.health.command", "use ready"),)  #: of what is merged for it


def obstacles(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Why this environment cannot be run by this version, all of it."""
    runtime = child(own, "runtime")
    name = text_of(runtime)
    if runtime is not None and name in ("docker", "kubernetes"):
        yield problem(runtime, f"{name} is {THIS_VERSION}; use process")
    yield from _rows(merged, SECTIONS)
    yield from _stores(merged, name or "process")
    yield from _without_files(merged)


def _stores(merged: Mapping, runtime: str) -> Iterator[Problem]:
    """Copies of data and rights in a database come later. A container needs a runtime that has any."""
    for _, store in children(child(merged, "stores")):
        kind, url = child(store, "kind"), child(store, "url")
        own = kind if kind is not None and text_of(kind) == "container" else child(store, "command")
        if own is not None and url is None and runtime == "process":
            yield problem(own, "this needs runtime docker; on process give the url of one that somebody else runs")
        places = (
            ("backup",),
            ("drill",),
            *(("databases", "*", key) for key in ("used_by", "rls", "checks", "migrator")),
        )
        for place in places:
            for node in select(store, *place):
                yield problem(node, THIS_VERSION)


def _rows(tree: Mapping, rows: tuple[Row, ...]) -> Iterator[Problem]:
    for row in rows:
        for node in select(tree, *row.place.split(".")):
            yield problem(node, THIS_VERSION + (f"; {row.instead}" if row.instead else ""))


def _without_files(merged: Mapping) -> Iterator[Problem]:
    """A process needs a command; an image is of no use to it."""
    services = child(merged, "services")
    for _, entry in children(services):
        donor = child(services, text_of(child(entry, "like")) or "")
        image = child(entry, "image") or child(entry, "build") or child(donor, "image") or child(donor, "build")
        has_source = child(entry, "source") is not None or child(donor, "source") is not None
        if image is not None and not (has_source and child(entry, "command") is not None):
            yield problem(image, f"images are {THIS_VERSION}; use source and command")
