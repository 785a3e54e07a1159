"""Whoever comes next finishes what was left unfinished: the normal way in, not a special command."""

from __future__ import annotations

from dataclasses import replace

from fairlead.rollout.executor import Executor
from fairlead.rollout.journal import OpenRollout, open_rollout
from fairlead.rollout.observed import Observed
from fairlead.rollout.parts import now
from fairlead.rollout.state import read_state
from fairlead.rollout.world import World


def recover(world: World) -> str | None:
    """Undo an unfinished rollout, or finish it if it was committed. Returns what was done, None if nothing was.

    One that waits for a person is not unfinished: it stays as it is.
    The caller holds the environment's lock, so whoever began the rollout is dead. May be killed and run again.
    """
    rollout = open_rollout(world.ledger)
    if rollout is None or rollout.waiting:
        return None
    executor = Executor(world, rollout.journal)
    number = rollout.journal.rollout
    if rollout.committed:
        world.say("recovery", f"finishing rollout {number}", rollout=number)
        executor.forward(rollout.to_do())
        rollout.journal.close("live", {"recovered": True})
        return f"rollout {number} to {rollout.release} was unfinished and has been finished"
    reason = rollout.reason or "the deployer was killed"
    world.say("recovery", f"undoing rollout {number}: {reason}", rollout=number)
    executor.back(rollout, reason)
    return f"rollout {number} to {rollout.release} was unfinished and has been undone"


def give_up(world: World, rollout: OpenRollout, reason: str) -> None:
    """Take back a rollout that waits for a person. The caller holds the environment's lock."""
    executor = Executor(world, rollout.journal)
    executor.actions.go_on(rollout)
    executor.back(rollout, reason)


def restore_traffic(world: World, without: tuple[str, ...] = (), observed: Observed | None = None) -> None:
    """Have the edge do what the ledger says, for the time when no rollout is under way; nothing new for `without`.

    When the live release's file is damaged nobody knows its routes: what is in force stays. So it does where nothing is
    live: either there is nothing, or the ledger was lost. `observed`: where the caller has just looked.
    """
    observed = observed or world.observe()
    if observed.live and observed.live == read_state(world.ledger).live:
        world.route(replace(now(observed), without=without), observed.instances)
