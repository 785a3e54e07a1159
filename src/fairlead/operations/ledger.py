"""The ledger of an environment, read and verified for a person."""

from __future__ import annotations

from fairlead.errors import UsageError
from fairlead.ledger import Entry, Ledger, Verification, verify
from fairlead.system.home import Place


def entries(place: Place, limit: int | None = None, rollout: int | None = None) -> tuple[Entry, ...]:
    """The newest `limit` entries (of one rollout), oldest first. UsageError when there is no ledger."""
    with _opened(place) as ledger:
        found = tuple(ledger.entries(rollout=rollout, limit=limit, newest_first=True))
    return found[::-1]


def verification(place: Place) -> Verification:
    """Recompute the whole ledger. UsageError when there is none, FairleadError when the file is damaged."""
    with _opened(place) as ledger:
        return verify(ledger)


def _opened(place: Place) -> Ledger:
    if not place.exists():
        hint = f"deploy to it first: fairlead deploy {place.environment}"
        raise UsageError(f"nothing was ever deployed to {place.project}/{place.environment} on this machine", hint)
    return Ledger.read(place.ledger)
