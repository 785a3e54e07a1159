"""What must hold at every moment of a rotation, as checks of what was seen. Pure: the tests record, this judges.

I1  every version that some consumer may hold is accepted
I2  only a version that no consumer can hold is refused or forgotten
I3  a step is written down before it is done, and no value is ever written
I4  before services use the new value a rotation can be undone; after it, it goes on or the old one is used again
I5  two rotations of a secret are at least as far apart as an old value may live
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fairlead.ledger.entry import Entry
from fairlead.secrets.rotation import journal
from fairlead.secrets.rotation.journal import Moment


@dataclass(frozen=True, slots=True)
class Sight:
    """The world at one moment."""

    at: float  #: seconds on any clock that does not jump
    held: frozenset[str]  #: versions that somebody holds, or signs with
    accepted: frozenset[str]  #: versions that everybody who checks takes
    what: str = ""  #: what had just happened


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things live, seconds."""

    hold: float = 0.0  #: what was held once may be used for so long: a token, a password in a pool
    cache: float = 0.0  #: who checks may know what was accepted so long ago


def broken(sights: Sequence[Sight], terms: Terms = Terms()) -> list[str]:
    """Where I1 or I2 did not hold. I2 is I1 at the moment of a change: what is refused is held by nobody."""
    return [problem for place in range(len(sights)) for problem in _broken_at(sights, place, terms)]


def _broken_at(sights: Sequence[Sight], place: int, terms: Terms) -> Iterator[str]:
    now, within = sights[place], max(terms.hold, terms.cache)
    held, known = now.held, now.accepted
    for earlier in range(place - 1, -1, -1):
        ago = now.at - sights[earlier + 1].at  # what was seen lasted until the next look
        if ago >= within:
            break
        held |= sights[earlier].held if ago < terms.hold else frozenset()
        known &= sights[earlier].accepted if ago < terms.cache else known
    if wrong := held - now.accepted:
        yield f"I1: {sorted(wrong)} may be held and is refused after {now.what}"
    if wrong := (now.held & now.accepted) - known:
        yield f"I1: {sorted(wrong)} is used after {now.what}, before everybody who checks can know it"


def badly_written(entries: Iterable[Entry], values: Iterable[str] = ()) -> list[str]:
    """Where I3 or I4 did not hold in the ledger. `values`: what must stand in no entry."""
    found: list[str] = []
    begun: set[tuple[int, str]] = set()
    published: set[int] = set()
    secrets = tuple(values)
    for entry in entries:
        key = (int(entry.data.get("rotation", entry.number)), str(entry.data.get("step", "")))
        if any(value in str(entry.data) for value in secrets):
            found.append(f"I3: entry {entry.number} has a value")
        if entry.kind == journal.STEP:
            begun.add(key)
        elif entry.kind == journal.DONE:
            found += [] if key in begun else [f"I3: {key[1]} was done before it was written down"]
            published |= {key[0]} if key[1].endswith(":publish") else set()
        elif entry.kind == journal.UNDONE and key[1].endswith(":publish"):
            published.discard(key[0])
        elif entry.kind == journal.CLOSED and (entry.data["result"] == "rotated") != (key[0] in published):
            found.append(f"I4: rotation {key[0]} ended as {entry.data['result']}, and services say otherwise")
    return found


def too_close(entries: Iterable[Entry], secret: str, longest: float) -> list[str]:
    """Where I5 did not hold: rotations that were no emergency and began too soon after another one ended."""
    found: list[str] = []
    ended: Moment | None = None
    for entry in entries:
        if entry.data.get("secret") != secret:
            continue
        if entry.kind == journal.BEGUN and not entry.data.get("emergency") and ended is not None:
            apart = entry.when().timestamp() - ended.wall
            found += [f"I5: {apart:.1f} s after the last one, not {longest:g} s"] if apart < longest else []
        if entry.kind == journal.CLOSED and entry.data["result"] == "rotated":
            ended = Moment.of(entry.data["at"])
    return found
