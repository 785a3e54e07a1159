"""Copies of stores whose makers were killed: all of the data, opened, and what was handed to a command tried on one.
Whoever makes the next one has them gone, and the keeper, as there may be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.backups.scratch import is_orphan, sweep
from fairlead.operations.backups import handed
from fairlead.operations.backups.reach import copies_of
from fairlead.project.access import runs
from fairlead.project.stack import RuntimeName, Stack, Store
from fairlead.system.home import Place


def left(place: Place, stack: Stack) -> tuple[Store, ...]:
    """The PostgreSQLs of which there are any."""
    return tuple(one for one in stack.stores if one.kind == "postgres" and any(_orphans(place, stack.runtime, one)))


def _orphans(place: Place, runtime: RuntimeName, store: Store) -> Iterator[Path]:
    found = _folder(place, runtime, store).glob(f"{store.name}.copy-*")
    yield from (path for path in found if path.is_dir() and is_orphan(path))
    yield from handed.left(place)


def _folder(place: Place, runtime: RuntimeName, store: Store) -> Path:
    return place.root / "copies" if _contained(runtime, store) else copies_of(place, store.name)


def _contained(runtime: RuntimeName, store: Store) -> bool:
    return runtime == "docker" and runs(store)


def forget(place: Place, runtime: RuntimeName, store: Store) -> None:
    """Those of a store go, and nothing that somebody works with. FairleadError."""
    handed.forget(place)
    if not _contained(runtime, store):
        sweep(copies_of(place, store.name))
        return
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415
    from fairlead.operations.backups.contained import sweep as sweep_containers  # noqa: PLC0415

    sweep_containers(Engine(), Owner.of(place), place, store)
