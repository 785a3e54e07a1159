"""What mends what was found. Pure: deviations in, acts out.

A store is started, never made anew: whoever does that has a look at its data first. Nor is somebody else's container or
file touched. Both are told, with what a person can do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from fairlead.runtimes.base import Deviation

EDGE, DOOR, TRAEFIK = "edge", "door", "traefik"  #: what it is told, and its two parts
KEEPER, SUPERVISORD = "keeper", "supervisord"
STORE = "store "  #: begins what a store is called
MISSING, EXTRA, NETWORKS = "missing", "extra", "networks"
STRAYS = "somebody else's file"  #: of somebody else, which Traefik reads

Kind = Literal["start", "replace", "end", "join", "route"]
TOLD = {
    "start": "start {}", "replace": "replace {}", "end": "end {}", "route": "tell the edge who gets what",
    "join": "have the {} in its own networks alone",
}  # fmt: skip
_KINDS: dict[str, Kind] = {MISSING: "start", EXTRA: "end"}
_TURNS: dict[Kind, int] = {"start": 2, "replace": 3, "end": 4, "join": 5, "route": 6}  #: of instances and routes
AWAY = "make the door of the edge anew: nobody is answered for a moment"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that mends. `start` what is missing, `replace` what differs, `end` what nobody declared, `join` its own
    networks, `route`."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        if (self.kind, self.id) == ("replace", DOOR):
            return AWAY
        return TOLD[self.kind].format(self.id)


def plan(found: Iterable[Deviation]) -> tuple[Act, ...]:
    """What mends it: nothing twice; first what others stand on, then what is missing, so that somebody serves while
    others are replaced. The keeper comes last: it would be at work on the same."""
    acts = dict.fromkeys(act for one in found for act in _acts(one))
    return tuple(sorted(acts, key=_turn))


def _acts(one: Deviation) -> Iterator[Act]:
    if one.where == EDGE:
        yield Act("route", EDGE)
    elif one.where in (DOOR, TRAEFIK):
        if one.what != STRAYS:
            joins = one.where == DOOR and one.what == NETWORKS
            yield Act("join" if joins else _KINDS.get(one.what, "replace"), one.where)
    elif one.where in (KEEPER, SUPERVISORD) or (one.where.startswith(STORE) and one.what == MISSING):
        yield Act("start", one.where)
    elif one.where.count(".") == 2 and not one.remedy:
        yield Act(_KINDS.get(one.what, "replace"), one.where)


def _turn(act: Act) -> int:
    if act.id == SUPERVISORD:
        return 0
    if act.id.startswith(STORE):
        return 1
    if act.id == KEEPER:
        return 7
    return 5 if act.id in (DOOR, TRAEFIK) else _TURNS[act.kind]
