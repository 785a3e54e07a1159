"""Checks of stores: what runs them is there, and a queue drops no jobs."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.project.access import managed, runs
from fairlead.project.stack import Stack, Store
from fairlead.stores import programs
from fairlead.stores.kinds.table import kind_of
from fairlead.stores.process import passage
from fairlead.system.home import Place


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of every store that Fairlead runs."""
    for store in filter(runs, stack.stores):
        if stack.runtime == "process":
            yield _programs(store, place)
        yield from _queue(store, stack)


def _programs(store: Store, place: Place) -> Check:
    name = f"store {store.name}"
    try:
        programs.require(kind_of(store).programs, name)
        passage(place, store)
    except FairleadError as error:
        return failed(name, error.message, error.hint or "")
    return ok(name, ", ".join(str(programs.find(one)) for one in kind_of(store).programs[:1]))


def _queue(store: Store, stack: Stack) -> Iterator[Check]:
    """A worker that uses a Redis has its jobs in it, as a rule."""
    evicts = managed(store) and store.kind == "redis" and store.maxmemory_policy != "noeviction"
    workers = [one.name for one in stack.services if one.is_worker and store.name in one.uses]
    if evicts and store.queue is None and workers:
        drops = f"which drops keys when memory is full ({store.maxmemory_policy})"
        text = f"{', '.join(workers)} uses {store.name}, {drops}"
        hint = "if jobs lie there use noeviction; if not, say `queue: false`"
        yield warning(f"store {store.name}", text, hint)
