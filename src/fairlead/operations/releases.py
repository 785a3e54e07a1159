"""The releases an environment keeps: which is live, which are warm, which could be gone back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fairlead.artifacts.artifact import ArtifactStore
from fairlead.artifacts.release import Release, ReleaseStore
from fairlead.ledger import Ledger
from fairlead.project.stack import RuntimeName
from fairlead.rollout.state import State, read_state
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Kept:
    """One release."""

    id: str
    created: str  #: UTC, ISO 8601
    live: bool
    warm: float  #: seconds its instances still wait for a rollback, 0 when they do not
    previous: bool  #: what `rollback` goes to
    complete: bool  #: its artifacts are there
    origin: dict[str, Any] = field(default_factory=dict)


def releases(place: Place) -> tuple[Kept, ...]:
    """Every release that is kept, the newest first; none when nothing was ever deployed."""
    if not place.exists():
        return ()
    with Ledger.open(place.ledger) as ledger:
        state = read_state(ledger)
    store = ArtifactStore(place.artifacts)
    return tuple(_kept(release, state, store) for release in ReleaseStore(place.releases).all())


def _kept(release: Release, state: State, store: ArtifactStore) -> Kept:
    complete = all(store.exists(digest) for digest in release.artifacts.values())
    return Kept(
        release.id, release.created, release.id == state.live, round(state.left(release.id), 1),
        release.id == state.previous, complete, release.origin,
    )  # fmt: skip


def live_runtime(place: Place) -> RuntimeName | None:
    """The runtime of the live release; None when there is none."""
    if not place.exists():
        return None
    with Ledger.open(place.ledger) as ledger:
        live = read_state(ledger).live
    return ReleaseStore(place.releases).load(live).stack.runtime if live else None
