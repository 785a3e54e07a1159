"""The ledger, read as an outbox: which messages a receiver has not had yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fairlead.artifacts import ReleaseStore
from fairlead.ledger import Entry, Ledger
from fairlead.masking import NAMES
from fairlead.operations.notify.message import BEGUN, KINDS, Message, Scene, message_of
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and the entry it is about."""

    number: int
    message: Message


def letters(place: Place, ledger: Ledger, after: int, on: Collection[str]) -> Iterator[Letter]:
    """What is to be told of the entries after that one, the oldest first."""
    for entry in ledger.entries(after=after, kinds=KINDS):
        begun = entry if entry.kind == BEGUN else ledger.last(BEGUN, rollout=entry.rollout)
        if begun is None:
            continue
        message = message_of(entry, Scene(place.project, place.environment, begun, _hidden(place, begun)))
        if message and message.event(on):
            yield Letter(entry.number, message)


def _hidden(place: Place, begun: Entry) -> tuple[str, ...]:
    """Values of variables, in both releases of a rollout, whose names say that nobody should read them."""
    store = ReleaseStore(place.releases)
    names = (begun.data.get("release"), begun.data.get("previous"))
    stacks = [release.stack for name in names if name and (release := store.load_or_none(str(name)))]
    envs = [one.env for stack in stacks for one in stack.services] + [one.env for stack in stacks for one in stack.jobs]
    return tuple(sorted({value for env in envs for name, value in env.items() if NAMES.search(name)}))
