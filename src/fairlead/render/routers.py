"""Traefik's routers of one route: levels of them, where something has to be counted once.

A route is split by several things that have nothing to do with each other: by where a client's address stands, by
what kind of request it is, by how large its body is, and by which pool it goes to. Each is a level of branches.
Neighbouring levels are joined into one wherever that changes nothing; else the routers of the one are parents of those
of the other. A middleware lives in each router that names it, so a limit named by two would let twice as many pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairlead.project.stack_edge import Route
from fairlead.render import matching
from fairlead.render.matching import both
from fairlead.render.middlewares import RETRY, UNMARK, Middlewares


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the requests of a level; an empty `match` gets what the others leave."""

    name: str = ""
    match: str = ""
    middlewares: tuple[str, ...] = ()
    offset: int = 0  #: above the priority of the level
    service: str = ""  #: of the last level
    counts: bool = False  #: it may not be split: a middleware of it counts


Levels = tuple[tuple[Branch, ...], ...]


@dataclass(frozen=True, slots=True)
class Trunk:
    """What all routers of a route have."""

    key: str
    match: str
    priority: int
    entry_points: tuple[str, ...]


def for_users(how: Route, trunk: Trunk, sides: tuple[Branch, ...], made: Middlewares) -> dict[str, Any]:
    """The routers of a route; `sides` say which pool gets what, the rest follows from what the route says."""
    found: dict[str, Any] = {}
    for proxied, first in _clients(how, made):
        levels = ((first,), _kinds(how, proxied, made), _bodies(how, made), _pages(how, sides, made))
        found |= _grown(trunk, _joined(levels))
    return found


def for_testers(how: Route, trunk: Trunk, side: Branch, made: Middlewares) -> dict[str, Any]:
    """The same for requests with the secret header: with nothing that could refuse one of them."""
    first = Branch(middlewares=(*made.answers(how), *made.compress(how)))
    return _grown(trunk, _joined(((first,), _pages(how, (side,), made))))


def _clients(how: Route, made: Middlewares) -> list[tuple[bool, Branch]]:
    """By where the client's address stands, and whether that is a header: of a trusted proxy it is one.

    Without the header Traefik takes all such clients for one, so who comes without a proxy is counted apart.
    """
    limit = how.policies.limit

    def first(proxied: bool, name: str = "", match: str = "") -> Branch:
        middlewares = (*made.answers(how), *made.limit(limit, proxied), *made.compress(how))
        return Branch(name, match, middlewares, counts=limit is not None)

    if not (made.trusted and how.policies.counts):
        return [(False, first(False))]
    proxies = matching.from_networks(made.trusted)
    return [(False, first(False, "direct", f"!{proxies}")), (True, first(True, "proxied", proxies))]


def _kinds(how: Route, proxied: bool, made: Middlewares) -> tuple[Branch, ...]:
    """WebSockets, where they are counted apart from requests."""
    asked = made.in_flight(how.policies.connections, proxied)
    rest = Branch(middlewares=asked, counts=bool(asked))
    if not how.policies.websockets:
        return (rest,)
    opened = made.in_flight(how.policies.websockets, proxied)
    return Branch("websocket", matching.WEBSOCKET, opened, 1, counts=True), rest


def _bodies(how: Route, made: Middlewares) -> tuple[Branch, ...]:
    if not how.policies.body:
        return (Branch(),)
    return Branch("body", matching.body_above(how.policies.body), (made.body(how.policies.body),), 1), Branch()


def _pages(how: Route, sides: tuple[Branch, ...], made: Middlewares) -> tuple[Branch, ...]:
    """Each side, and before it the same for what is shown as a page, where one stands for those that are not there."""
    ends = (*made.rewrite(how), RETRY, UNMARK)
    plain = tuple(Branch(one.name, one.match, ends, one.offset, one.service) for one in sides)
    if how.fallback is None:
        return plain
    pages = tuple(
        Branch(
            "-".join(("page", one.name)) if one.name else "page", both(one.match, matching.page()),
            (UNMARK, made.fallback(how.fallback, one.service), *ends), one.offset + 3, one.service,
        ) for one in sides
    )  # fmt: skip
    return pages + plain


def _joined(levels: Levels) -> Levels:
    """As few as there can be. One branch joins with many unless it counts: then it would count in each of them."""
    done: list[tuple[Branch, ...]] = []
    level = levels[0]
    for after in levels[1:]:
        whole = len(level) == 1 and (len(after) == 1 or not level[0].counts)
        if whole or len(after) == 1:
            level = tuple(_join(one, other) for one in level for other in after)
        else:
            done.append(level)
            level = after
    return (*done, level)


def _join(one: Branch, other: Branch) -> Branch:
    return Branch(
        "-".join(name for name in (one.name, other.name) if name),
        both(one.match, other.match),
        one.middlewares + other.middlewares,
        one.offset + other.offset,
        other.service,
        one.counts or other.counts,
    )


def _grown(trunk: Trunk, levels: Levels, words: tuple[str, ...] = (), parent: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    here, *below = levels
    for branch in here:
        said = (*words, branch.name) if branch.name else words
        name = "-".join((*([f"level{len(below)}"] if below else ()), *said, trunk.key))
        router: dict[str, Any] = {"middlewares": list(branch.middlewares)} if branch.middlewares else {}
        if below:
            found |= _grown(trunk, tuple(below), said, name)
        else:
            router["service"] = branch.service
        found[name] = router | (_child(branch, parent) if parent else _top(branch, trunk))
    return found


def _top(branch: Branch, trunk: Trunk) -> dict[str, Any]:
    return {
        "entryPoints": list(trunk.entry_points),
        "rule": both(branch.match, trunk.match),
        "priority": trunk.priority + branch.offset,
    }


def _child(branch: Branch, parent: str) -> dict[str, Any]:
    """Traefik looks at its rule when the parent's middlewares have passed the request on."""
    return {"parentRefs": [parent], "rule": branch.match or matching.EVERYTHING, "priority": branch.offset + 1}
