"""What a deployment asks of backups: that one is there and whole, that one was tried, and how old they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.backups.catalogue import usable
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.backups.ages import Seen, ages, span
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.project.stack import Stack, Store
from fairlead.system.home import Place


def examine(stack: Stack, root: Path, place: Place) -> Iterator[Check]:
    """Of each store with backups: whether what `deploy.require` asks for is so, and whether drills are due."""
    asked = stack.require.backup if stack.require.backup is not None else stack.require.drill
    if asked is not None and not stack.backed_up:
        what = f"`deploy.require` asks for them, and no store of {stack.environment} has any"
        yield failed("backups", what, "say `backup` of a store, or `require` of the environments that have backups")
    for store in stack.backed_up:
        try:
            seen = Seen(_there(stack, root, store) if asked is not None else None, stack.require.drill)
        except FairleadError as error:
            yield failed(f"backup of {store.name}", f"nobody can say what is there: {error.message}", error.hint or "")
            continue
        found = ages(place, (store.name,), seen)[store.name]
        again = f"{stack.environment} {store.name}"
        yield from _smaller(stack, place, store)
        yield from _one(f"backup of {store.name}", found.backup, stack.require.backup, f"fairlead backup now {again}")
        wanted, every = stack.require.drill, store.drill.every if store.drill else None
        yield from _one(f"drill of {store.name}", found.drill, wanted, f"fairlead db drill {again}", every)


def _there(stack: Stack, root: Path, store: Store) -> frozenset[str]:
    """The good ones, where they are declared to be: what the ledger says was made may have been removed since."""
    from fairlead.operations.backups.arrangement import arranged  # noqa: PLC0415 — only where somebody asks

    (one,) = arranged(stack, root, (store.name,))
    return frozenset(backup.id for backup in usable(one.catalogue.all()))


def _smaller(stack: Stack, place: Place, store: Store) -> Iterator[Check]:
    """That fewer are declared than were kept up to now lets nothing go by itself."""
    from fairlead.operations.backups.prune import agreed, policy_of  # noqa: PLC0415 — the keeper only asks for ages

    if not place.exists():
        return
    with Ledger.read(place.ledger) as ledger:
        before = agreed(ledger, store.name)
    if before and policy_of(store).smaller(before):
        what = "`keep` is smaller than it was, and what it lets go stays until you say so"
        hint = f"fairlead backup prune {stack.environment} {store.name} --plan shows it, and without --plan removes it"
        yield warning(f"backups of {store.name}", what, hint)


def _one(name: str, age: float | None, asked: float | None, how: str, every: float | None = None) -> Iterator[Check]:
    shown = "there was none that went well" if age is None else f"the last one is {span(age)} old"
    if asked is not None and (age is None or age > asked):
        yield failed(name, f"{shown}, and a deployment asks for one that is not older than {span(asked)}", how)
    elif every is not None and (age is None or age > every):
        yield warning(name, f"{shown}, and one is due every {span(every)}", how)
    elif asked is not None or every is not None:
        yield ok(name, shown)
