"""Check of folders that volumes name: what one environment restores must not take the place of another one's files."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.artifacts.release import ReleaseStore
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.check import Check, failed
from fairlead.project.rules.backups import overlap
from fairlead.project.stack import Stack, Store
from fairlead.rollout.state import read_state
from fairlead.system.home import Place


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of all environments of this home, whichever project they are of; only where a volume names a folder."""
    own = [one for one in stack.volumes if one.path]
    for other in _others(place) if own else ():
        for theirs in _volumes(other):
            yield from (_shared(one, theirs, other) for one in own if _meet(one, theirs))


def _others(place: Place) -> Iterator[Place]:
    for ledger in sorted(place.root.parent.parent.glob("*/*/ledger.db")):
        if ledger.parent != place.root:
            yield Place(ledger.parent)


def _volumes(other: Place) -> tuple[Store, ...]:
    """Those of what is live there; none of what cannot be read, which is said where that is looked after."""
    try:
        with Ledger.read(other.ledger) as ledger:
            state = read_state(ledger)
            live = None if state.stopped else state.live
        release = ReleaseStore(other.releases).load_or_none(live) if live else None
    except FairleadError:
        return ()
    return tuple(one for one in release.stack.volumes if one.path) if release else ()


def _meet(one: Store, theirs: Store) -> bool:
    """Nobody replaces what nobody restores."""
    return bool(one.backup or theirs.backup) and overlap(one.path or "", theirs.path or "")


def _shared(one: Store, theirs: Store, other: Place) -> Check:
    where = f"{other.project}/{other.environment}"
    what = f"{one.path} is in the hands of {where} too, as {theirs.path} of its volume {theirs.name}"
    stop = f"fairlead stop {other.environment}"
    hint = f"a restore of one would replace the other's files: say another `path`, or there {stop}, if it is no more"
    return failed(f"volume {one.name}", what, hint)
