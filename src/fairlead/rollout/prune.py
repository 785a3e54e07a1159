"""Which releases are kept: the live one, the warm ones, whatever still has instances, and those last live.

A release that never was live is no way back: it goes as soon as nothing uses it, and pushes no good one out.
"""

from __future__ import annotations

from fairlead.artifacts.files import folder_name
from fairlead.errors import FairleadError
from fairlead.ledger.ledger import Ledger
from fairlead.rollout.state import COMMITTED, read_state
from fairlead.rollout.world import World
from fairlead.secrets.delivery import keep_only


def prune(world: World, keep: int) -> tuple[str, ...]:
    """Forget the others; what was built for them goes when no environment of the project names it any more.

    Clearing away must not fail a rollout that has happened: what goes wrong is said, and tried again by the next one.
    """
    gone: tuple[str, ...] = ()
    try:
        gone = _forget(world, keep)
        world.sweep_artifacts()
    except (FairleadError, OSError) as error:
        world.say("note", f"old releases were not all cleared away: {error}")
    return gone


def kept(world: World, keep: int) -> set[str]:
    """The releases that stay, when `keep` of those last live are kept."""
    state = read_state(world.ledger)
    used = {one.release for one in world.runtime.observe()}
    known = world.releases.ids()
    good = [release for release in last_live(world.ledger) if release in known][: max(keep, 0)]
    return {release for release in (state.live, state.previous, *state.warm_now(), *used, *good) if release}


def _forget(world: World, keep: int) -> tuple[str, ...]:
    wanted = kept(world, keep)
    gone = world.releases.keep_only(wanted)
    if world.secrets:
        keep_only(world.secrets, wanted)
    if world.files:
        keep_only(world.files, wanted)
    if world.migrations:
        there = [world.releases.load_or_none(id) for id in wanted if id in world.releases.ids()]
        if None not in there:  # nobody knows which files one needs that cannot be read
            keep_only(world.migrations, {folder_name(one.migrations) for one in there if one and one.migrations})
    if gone:
        world.say("note", f"forgot {', '.join(gone)}", releases=list(gone))
    return gone


def last_live(ledger: Ledger) -> dict[str, str]:
    """Every release that ever was live, the one of the newest commit first, with the time (UTC, ISO 8601) of it.

    Those that had nothing but other values of secrets are left out: the one that came after is the same.
    """
    found: dict[str, str] = {}
    renewed: set[str] = set()
    for entry in ledger.entries(kinds=(COMMITTED,), newest_first=True):
        release = str(entry.data["release"])
        if release not in renewed:
            found.setdefault(release, entry.time)
        renewed |= {str(before)} if (before := entry.data.get("renews")) and before not in found else set()
    return found
