"""Checks of stores: what runs them is there, and a queue drops no jobs."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.project.access import archives, managed, runs
from fairlead.project.stack import Stack, Store
from fairlead.stores import programs
from fairlead.stores.kinds.table import kind_of
from fairlead.stores.process import passage
from fairlead.system.home import Place

KEEPS = {"postgres": "/var/lib/postgresql/data", "redis": "/data", "s3": "/data"}
"""Where the usual images have it."""


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of every store that Fairlead runs."""
    for store in filter(runs, stack.stores):
        if stack.runtime == "process":
            yield _programs(store, place)
        elif archives(store):
            yield from _archiving(stack, place, store)
        yield from _queue(store, stack)
        yield from _unkept(store)
    if place.stores.is_dir() and any(one.tls and managed(one) for one in stack.stores):
        yield from _unread(stack, place)


def _programs(store: Store, place: Place) -> Check:
    name = f"store {store.name}"
    try:
        programs.require(kind_of(store).programs, name)
        passage(place, store)
    except FairleadError as error:
        return failed(name, error.message, error.hint or "")
    return ok(name, ", ".join(str(programs.find(one)) for one in kind_of(store).programs[:1]))


def _unread(stack: Stack, place: Place) -> Iterator[Check]:
    """Who reads its certificate only as it starts is away for a moment then; a person may rather choose when."""
    from fairlead.stores.renewal import PATIENCE  # noqa: PLC0415 — only where a store has a certificate that it reads so
    from fairlead.stores.table import stores_of  # noqa: PLC0415

    try:
        found = stores_of(stack.runtime, place).unread()
    except FairleadError:
        return  # nobody can be asked: another check says why
    for one in found:
        hours, days = one.store.window, PATIENCE.days
        text = f"it has a newer certificate than it shows: started anew for it at {hours}, in {days} days at any hour"
        yield warning(f"store {one.name}", text, "or choose the moment: restart it yourself")


def _archiving(stack: Stack, place: Place, store: Store) -> Iterator[Check]:
    """Its image has what its log is handed to; nothing is said of one that is not here yet, or was asked before."""
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only where there is an engine
    from fairlead.operations.backups.archiving import require  # noqa: PLC0415
    from fairlead.operations.images import filled  # noqa: PLC0415
    from fairlead.stores.docker import image_of  # noqa: PLC0415
    from fairlead.stores.folder import StoreFolder  # noqa: PLC0415

    engine, folder = Engine(timeout=20), place.stores / store.name
    try:
        found, kept = engine.image(filled(stack, image_of(store))), StoreFolder(folder, folder).kept()
        if found is None or (kept and kept.image == found.id and archives(kept.store)):
            return
        require(engine, place, store, found.id)
    except FairleadError as error:
        yield failed(f"store {store.name}", error.message, error.hint or "")
        return
    yield ok(f"store {store.name}", "its image has pgbackrest")


def _unkept(store: Store) -> Iterator[Check]:
    """Of one that is run as it is nobody knows where its data is: in no volume that is named, it goes with it."""
    if store.kind in KEEPS and not managed(store) and not store.container.volumes:
        text = "its data is in no volume that has a name, so it goes with its container"
        yield warning(f"store {store.name}", text, f'name one: volumes: ["{store.name}-data:{KEEPS[store.kind]}"]')


def _queue(store: Store, stack: Stack) -> Iterator[Check]:
    """A worker that uses a Redis has its jobs in it, as a rule."""
    evicts = managed(store) and store.kind == "redis" and store.maxmemory_policy != "noeviction"
    workers = [one.name for one in stack.services if one.is_worker and store.name in one.uses]
    if evicts and store.queue is None and workers:
        drops = f"which drops keys when memory is full ({store.maxmemory_policy})"
        text = f"{', '.join(workers)} uses {store.name}, {drops}"
        hint = "if jobs lie there use noeviction; if not, say `queue: false`"
        yield warning(f"store {store.name}", text, hint)
