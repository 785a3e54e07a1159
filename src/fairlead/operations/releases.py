"""The releases an environment keeps: which is live, which are warm, which could be gone back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fairlead.artifacts.artifact import ArtifactStore
from fairlead.artifacts.release import Release, ReleaseStore, is_image
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.images import image_store
from fairlead.project.stack import RuntimeName
from fairlead.rollout.prune import last_live
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
    last_live: str | None  #: UTC, ISO 8601: when it was made live last; None: it never was
    origin: dict[str, Any] = field(default_factory=dict)
    damaged: bool = False  #: its file cannot be read; nothing but the ledger knows of it


def releases(place: Place) -> tuple[Kept, ...]:
    """Every release that is kept, the newest first, damaged ones last; none when nothing was ever deployed."""
    if not place.exists():
        return ()
    with Ledger.read(place.ledger) as ledger:
        state, lived = read_state(ledger), last_live(ledger)
    store = ArtifactStore(place.artifacts)
    saved = ReleaseStore(place.releases)
    images = _images(place, {id for release in saved.all() for id in release.pinned()})
    there = Artifacts(store, images)
    found = [_kept(release, state, there, lived.get(release.id)) for release in saved.all()]
    return (*found, *(_damaged(id, state, lived.get(id)) for id in saved.unreadable()))


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What is here of what releases are made of."""

    trees: ArtifactStore
    images: frozenset[str]  #: ids

    def complete(self, release: Release) -> bool:
        """Whether all of a release is here."""
        return all(self._here(one) for one in release.artifacts.values())

    def _here(self, artifact: str) -> bool:
        return artifact in self.images if is_image(artifact) else self.trees.exists(artifact)


def _images(place: Place, wanted: set[str]) -> frozenset[str]:
    """Those that are here; all of them when the engine cannot be asked, since then nobody can say that one is gone."""
    store = image_store(place) if wanted else None
    try:
        return frozenset(id for id in wanted if store and store.exists(id))
    except FairleadError:
        return frozenset(wanted)


def _kept(release: Release, state: State, there: Artifacts, lived: str | None) -> Kept:
    complete = there.complete(release)
    return Kept(
        release.id, release.created, release.id == state.live, round(state.left(release.id), 1),
        release.id == state.previous, complete, lived, release.origin,
    )  # fmt: skip


def _damaged(id: str, state: State, lived: str | None) -> Kept:
    warm = round(state.left(id), 1)
    return Kept(id, "", id == state.live, warm, id == state.previous, complete=False, last_live=lived, damaged=True)


def live_runtime(place: Place) -> RuntimeName | None:
    """The runtime of the live release; None when there is none, or it cannot be read."""
    if not place.exists():
        return None
    with Ledger.read(place.ledger) as ledger:
        live = read_state(ledger).live
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    return release.stack.runtime if release else None
