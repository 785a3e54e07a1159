"""Two branches that both changed a file of secrets, merged value by value. Pure; what `git merge` calls.

Ciphertexts are taken over as they are where the data key is the same, so a merge shows as few lines as there are
changes. A recipient that one side took away stays away: where the key that is kept was known to it, there is a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import Opened, changed, with_key
from fairlead.secrets.sops.recipients import rekeyed, rewrapped


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it. Where both sides changed a value, the text has ours."""

    text: str = field(repr=False)
    taken: tuple[str, ...]  #: names whose value is theirs now, or that they took out
    conflicts: tuple[str, ...]  #: names that both sides changed, each to something else


def merge(base: Opened | None, ours: Opened, theirs: Opened) -> Merged:
    """The changes of both since `base`; None when they have nothing in common.

    FairleadError when theirs changed something in a way that Fairlead does not write (a nested name taken out …).
    """
    wanted, taken, conflicts = _values(base, ours, theirs)
    recipients = _recipients(base, ours, theirs)
    target = _target(base, ours, theirs)
    other = theirs if target is ours else ours
    text = changed(target, _changes(target, wanted), _kept(target, other, wanted))
    if list(target.document.metadata.recipients) != recipients:
        again = with_key(parse(text, target.document.file), target.key)
        leaves = set(target.document.metadata.recipients) - set(recipients) and ours.key != theirs.key
        text = rekeyed(again, recipients) if leaves else rewrapped(again, recipients)
    return Merged(text, tuple(taken), tuple(conflicts))


def _values(base: Opened | None, ours: Opened, theirs: Opened) -> tuple[dict[str, str], list[str], list[str]]:
    """Every name's value in the end, what was taken of theirs, and what both changed."""
    old, mine, other = base.values if base else {}, ours.values, theirs.values
    wanted = dict(mine)
    taken, conflicts = [], []
    for name in dict.fromkeys([*mine, *other]):
        was, here, there = old.get(name), mine.get(name), other.get(name)
        if there in (here, was):
            continue
        if here != was:
            conflicts.append(name)
            continue
        taken.append(name)
        if there is None:
            del wanted[name]
        else:
            wanted[name] = there
    return wanted, taken, conflicts


def _recipients(base: Opened | None, ours: Opened, theirs: Opened) -> list[str]:
    mine, other = ours.document.metadata.recipients, theirs.document.metadata.recipients
    old = base.document.metadata.recipients if base else ()
    stay = [one for one in mine if one in other or one not in old]
    return [*stay, *(one for one in other if one not in mine and one not in old)]


def _target(base: Opened | None, ours: Opened, theirs: Opened) -> Opened:
    """The side whose data key is kept: the one that made a new one since the base; ours when both or none did."""
    return theirs if base and ours.key == base.key and theirs.key != base.key else ours


def _changes(target: Opened, wanted: Mapping[str, str]) -> dict[str, str | None]:
    gone: dict[str, str | None] = {name: None for name in target.values if name not in wanted}
    return gone | dict(wanted)


def _kept(target: Opened, other: Opened, wanted: Mapping[str, str]) -> dict[str, str]:
    """Ciphertexts of the other side that can stay as they are."""
    if target.key != other.key:
        return {}
    values = other.values
    return {
        name: leaf.scalar.text
        for name, leaf in other.document.leaves.items()
        if leaf.encrypted and leaf.scalar.text and values[name] == wanted.get(name)
    }
