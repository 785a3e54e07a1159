"""By hand: approve, abort, promote, pause, resume. Whoever carries the rollout obeys; where nobody does, we do."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.artifacts import describe_actor
from fairlead.errors import FairleadError
from fairlead.operations.environment import LOCK_PATIENCE, Environment, existing
from fairlead.operations.transition import Result, go_on, prepare_runtime
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.journal import CLOSED, OpenRollout, open_rollout
from fairlead.rollout.orders import Orders, Word, give
from fairlead.rollout.recovery import give_up
from fairlead.system.home import Place
from fairlead.system.lock import FOR_A_MOMENT, FileLock


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it."""

    word: Word
    rollout: int
    release: str
    carrier: str = ""  #: who carries the rollout, and obeys within a moment; empty: it was done here
    result: Result | None = None  #: when the rollout was gone on with here, and ended well


@dataclass(frozen=True, slots=True)
class Saying:
    """How it is said."""

    why: str = ""
    wait: float = LOCK_PATIENCE  #: seconds for the keeper, or somebody else who is about to decide
    hurry: bool = False  #: do not stay for what has to be waited for next


def tell(place: Place, word: Word, how: Saying = Saying(), emit: Emit = silent) -> Told:
    """Say it. FairleadError when nothing is being rolled out; when it is gone on with here, errors as `deploy`'s."""
    with existing(place, emit) as environment:
        rollout = _open(environment, word)
        give(environment.ledger, rollout.journal.rollout, word, describe_actor(), how.why)
        if not _waits(environment, rollout):  # asked anew: its deployer may have ended in this very moment
            return _carried(place, rollout, word)
        with environment.held(f"fairlead {word} {place.environment}", how.wait):
            return _decided(environment, rollout, word, how)


def _waits(environment: Environment, rollout: OpenRollout) -> bool:
    now = open_rollout(environment.ledger)
    return now is not None and now.journal.rollout == rollout.journal.rollout and now.waiting is not None


def _carried(place: Place, rollout: OpenRollout, word: Word) -> Told:
    lock = FileLock(place.lock)
    carrier = (lock.owner() or "another process") if lock.held() else ""
    if carrier.endswith(FOR_A_MOMENT):
        carrier = ""  # the keeper at something else
    if carrier or word == "abort":
        return Told(word, rollout.journal.rollout, rollout.release, carrier or "the keeper")
    what = f"nobody carries rollout {rollout.journal.rollout} any more: its deployer has ended, and it is taken back"
    raise FairleadError(what, f"see `fairlead history {place.environment}`, and deploy again")


def _open(environment: Environment, word: Word) -> OpenRollout:
    rollout = open_rollout(environment.ledger)
    name = environment.place.environment
    if rollout is None:
        raise FairleadError(f"nothing is being rolled out to {name}", f"see `fairlead status {name}`")
    number = rollout.journal.rollout
    if rollout.committed or rollout.reason is not None:
        done = "is live already" if rollout.committed else "is being taken back already"
        raise FairleadError(f"rollout {number} to {rollout.release} {done}", f"see `fairlead status {name}`")
    if rollout.waiting and word == "pause":
        why = f"rollout {number} waits already: {rollout.waiting.reason}"
        raise FairleadError(why, f"`fairlead resume {name}`, `fairlead promote {name}` or `fairlead abort {name}`")
    return rollout


def _decided(environment: Environment, told: OpenRollout, word: Word, how: Saying) -> Told:
    """A rollout that nobody carries."""
    rollout = open_rollout(environment.ledger)
    if rollout is None or not rollout.waiting or rollout.journal.rollout != told.journal.rollout:
        if word == "abort" and _was_undone(environment, told):  # the keeper was quicker
            return Told(word, told.journal.rollout, told.release)
        hint = f"see `fairlead history {environment.place.environment}`"
        raise FairleadError("the rollout was ended in the meantime", hint)
    number, release = rollout.journal.rollout, rollout.release
    prepare_runtime(environment)
    if word == "abort":
        give_up(environment.world, rollout, _objection(environment, number))
        return Told(word, number, release)
    environment.world.hurry = how.hurry
    return Told(word, number, release, result=go_on(environment, rollout))


def _was_undone(environment: Environment, rollout: OpenRollout) -> bool:
    closed = environment.ledger.last(CLOSED, rollout=rollout.journal.rollout)
    return closed is not None and closed.data.get("result") == "undone"


def _objection(environment: Environment, rollout: int) -> str:
    orders = Orders(environment.ledger, rollout)
    orders.look()
    return orders.abort.shown() if orders.abort else "aborted"
