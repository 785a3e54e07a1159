"""`backup now`: make a backup of each store that has them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from fairlead.backups.catalogue import Backup, Kind, new_set
from fairlead.backups.physical.base import WHOLE
from fairlead.errors import Busy, FairleadError, UsageError
from fairlead.operations.backups.arrangement import BY_HAND, PATIENCE, Arrangement
from fairlead.operations.backups.due import BUSY, ORDER, SCHEDULE
from fairlead.operations.backups.engines import engine_of
from fairlead.operations.backups.quiet import settle
from fairlead.operations.backups.restore import go_on
from fairlead.system import clock

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one store."""

    store: str
    backup: Backup | None
    error: FairleadError | None = None


def make(
    some: Sequence[Arrangement],
    why: str = BY_HAND,
    say: Say = lambda _: None,
    kind: Kind | None = None,
    set: str = "",
    differential: bool = False,
) -> tuple[Made, ...]:
    """One of each, of this kind; whoever fails does not keep the others from theirs. Several are a recovery
    set, or all are of `set`.

    Without a kind it is a logical one, and where those are not declared a physical one. UsageError for a physical one
    of a store that has none.
    """
    for one in some:
        if kind == "physical" and one.said.physical is None:
            what = f"no copies of the data files of {one.store.name} are declared"
            raise UsageError(what, "say `physical: {full: weekly}` under its `backup`")
    go_on(some[0].place, some[0].runtime)
    with contextlib.suppress(FairleadError):  # whoever copies those files is told; others need not wait for that
        settle(some[0].place, some[0].runtime)
    set = set or (new_set() if len(some) > 1 else "")
    return tuple(_one(one, kind or _usual(one), why, say, set, differential) for one in ordered(some))


def ordered(some: Sequence[Arrangement]) -> list[Arrangement]:
    """Files last: what a database says of files is there then, and files may be newer, never older."""
    return sorted(some, key=lambda one: ORDER.index(one.store.kind))


def _usual(one: Arrangement) -> Kind:
    return "physical" if one.said.physical and not one.said.logical else "logical"


def _one(one: Arrangement, kind: Kind, why: str, say: Say, set: str, differential: bool) -> Made:
    try:
        with one.held("fairlead backup now", 0.0 if why == SCHEDULE else PATIENCE):
            say(f"{one.store.name}: to {one.catalogue.where.shown}")
            return Made(one.store.name, made(one, kind, why, say, set, differential))
    except FairleadError as error:
        told = BUSY if isinstance(error, Busy) else why  # by whoever is at it, so nobody has to be told
        more = {"differential": True} if differential else {}
        one.note("backup.failed", {"kind": kind, "why": told, "reason": error.message} | more)
        return Made(one.store.name, None, error)


def made(
    one: Arrangement, kind: Kind, why: str, say: Say = lambda _: None, set: str = "", differential: bool = False
) -> Backup:
    """Each database by itself, or the data files of all, or what changed of them; a snapshot; files. FairleadError;
    Refused where another machine makes them there.

    `set`: made together.
    """
    begun = clock.boot_seconds()
    one.claim.require()
    with engine_of(one, kind, differential, lambda text: say(f"{one.store.name}: {text}")) as (engine, missing):
        if missing:
            say(f"{one.store.name}: without {', '.join(missing)}: it is declared, and is not there")
        backup = replace(engine.make(one.catalogue.of_set(set), one.keys(), why), set=set)
    seconds = round(clock.boot_seconds() - begun, 3)
    said = {"id": backup.id, "kind": backup.kind, "why": why, "bytes": backup.stored, "seconds": seconds}
    more: dict[str, object] = ({"missing": missing} if missing else {}) | ({"set": set} if set else {})
    more |= {"differential": True} if differential else {}  # what was asked for: that is what is no longer due
    if differential and not backup.parent:
        more[WHOLE] = backup.facts.get(WHOLE, "there is no full copy yet")
        say(f"{one.store.name}: all of the data files: {more[WHOLE]}")
    one.note("backup.made", said | {"to": one.catalogue.where.shown} | more)
    for text in told(backup):
        say(f"{one.store.name}: {text}")
    return backup


def told(backup: Backup) -> Iterator[str]:
    """What is not in it as a person may think, in words."""
    words = {"changed": "changed while it was read", "gone": "went while it was read", "skipped": "is no file"}
    for part in backup.of("volume"):
        for key, text in words.items():
            for name in backup.facts[part.database].get(key, ()):
                yield f"{name} {text}"
