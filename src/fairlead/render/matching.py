"""Rules of Traefik: which requests a router gets, and which router goes first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fairlead.render.edge import Members

EVERYTHING = "PathPrefix(`/`)"
WEBSOCKET = "HeaderRegexp(`Upgrade`, `(?i)websocket`)"
FIRST = 1_000_000_000
"""Added to the priority of routes by the secret header: before all that a project can say."""
_STEP = 1_000_000  #: between two values of a route's own priority; hosts and paths are told apart below it


def rule(host: str | None, path: str) -> str:
    """Traefik's rule for a host and a path prefix that ends at a slash."""
    prefix = path.rstrip("/")
    paths = f"(Path(`{prefix}`) || PathPrefix(`{prefix}/`))" if prefix else EVERYTHING
    return f"Host(`{host}`) && {paths}" if host else paths


def priority(host: str | None, path: str, own: int = 0) -> int:
    """The route's own first, from 0 to 100; then a rule with a host before any without, then longer paths.

    Leaves room for rules of the same route above it.
    """
    return 10 * (len(path) + (10_000 if host else 0) + 1) + _STEP * own


def route_key(host: str | None, path: str) -> str:
    """A name for a route that no user value can break."""
    return "route-" + hashlib.sha256(f"{host or ''}{path}".encode()).hexdigest()[:12]


def both(*rules: str) -> str:
    """All of them; what is empty says nothing."""
    return " && ".join(one for one in rules if one)


def cookie(name: str, values: str) -> str:
    """A cookie among others; `values` divided by |, of letters that mean nothing else."""
    return f"HeaderRegexp(`Cookie`, `(^|;) *{name}=({values}) *(;|$)`)"


def from_networks(networks: Iterable[str]) -> str:
    """Requests whose connection comes from one of them, whatever their headers say."""
    return f"({' || '.join(f'ClientIP(`{one}`)' for one in networks)})"


def from_members(networks: Iterable[Members]) -> str:
    """Requests whose connection comes from a container in one of them; empty: from nobody."""
    known = tuple(networks)
    subnets = [subnet for one in known for subnet in one.subnets]
    machine = [address for one in known for address in one.machine]
    apart = f"!{from_networks(machine)}" if machine else ""
    return both(from_networks(subnets), apart) if subnets else ""


def page() -> str:
    """What a browser asks for to show it: not the files that belong to a page, nor the requests of its scripts."""
    wants = "(HeaderRegexp(`Accept`, `text/html`) || !HeaderRegexp(`Accept`, `.`))"
    return f"(Method(`GET`) || Method(`HEAD`)) && {wants} && !{WEBSOCKET}"


def body_above(most: int) -> str:
    """Requests that announce a body of more than `most` bytes, or that do not announce how long it is.

    Bodies that are announced and small enough pass as they come. gRPC never announces, and its streams have no end.
    """
    silent = "!HeaderRegexp(`Content-Length`, `.`) && !Method(`GET`) && !Method(`HEAD`) && !Method(`OPTIONS`)"
    silent += " && !HeaderRegexp(`Content-Type`, `^application/grpc`)"
    return f"(HeaderRegexp(`Content-Length`, `{number_above(most)}`) || ({silent}))"


def number_above(most: int) -> str:
    """A regular expression of the decimal numbers greater than `most`."""
    digits = str(most)
    longer = f"[1-9][0-9]{{{len(digits)},}}"
    same = [
        f"{digits[:place]}[{int(digit) + 1}-9][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"^0*({'|'.join((longer, *same))})$"
