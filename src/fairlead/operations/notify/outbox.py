"""The ledger, read as an outbox: which messages a receiver has not had yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fairlead.artifacts import ReleaseStore
from fairlead.ledger import Entry, Ledger
from fairlead.masking import NAMES
from fairlead.operations.notify.message import BEGUN, KINDS, STEP, Message, Scene, asks, message_of
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and the entry it is about."""

    number: int
    message: Message


def letters(place: Place, ledger: Ledger, after: int, on: Collection[str]) -> Iterator[Letter]:
    """What is to be told of the entries after that one, the oldest first."""
    for entry in ledger.entries(after=after, kinds=KINDS):
        if entry.kind == STEP and not (asks(entry) and _first(ledger, entry)):
            continue
        begun = entry if entry.kind == BEGUN else ledger.last(BEGUN, rollout=entry.rollout)
        if begun is None:
            continue
        message = message_of(entry, _scene(place, begun))
        if message and message.event(on):
            yield Letter(entry.number, message)


def _first(ledger: Ledger, entry: Entry) -> bool:
    """A step that is taken up again is begun again; it was told of the first time."""
    found = ledger.entries(kinds=[STEP], rollout=entry.rollout)
    return next((one.number for one in found if one.data.get("step") == entry.data["step"]), 0) == entry.number


def _scene(place: Place, begun: Entry) -> Scene:
    """Hidden are values of variables, in both releases of a rollout, whose names say that nobody should read them."""
    store = ReleaseStore(place.releases)
    names = (begun.data.get("release"), begun.data.get("previous"))
    stacks = [release.stack for name in names if name and (release := store.load_or_none(str(name)))]
    envs = [one.env for stack in stacks for one in stack.services] + [one.env for stack in stacks for one in stack.jobs]
    hidden = tuple(sorted({value for env in envs for name, value in env.items() if NAMES.search(name)}))
    hold_for = stacks[0].rollout.judge.hold_for if stacks else None
    return Scene(place.project, place.environment, begun, hidden, hold_for)
