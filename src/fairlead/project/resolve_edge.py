"""Routes and policies, resolved: what a route says, over what all routes have, over the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fairlead.project import stack_edge

if TYPE_CHECKING:
    from fairlead.project.edge import Edge
    from fairlead.project.policies import Headers, Limit, Policies
    from fairlead.project.routes import Route

T = TypeVar("T")

YEAR = 31_536_000
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
REFERRER = "strict-origin-when-cross-origin"


def edge(one: Edge) -> stack_edge.Edge:
    """Where requests come in."""
    given = tuple(stack_edge.GivenCertificate(made.cert, made.key, made.secret) for made in one.certificates)
    return stack_edge.Edge(one.http, one.https, one.address or "", given, one.redirect, one.trusted_proxies)


def route(one: Route, of_all: Policies) -> stack_edge.Route:
    """A route with all that counts for it; `of_all` is what `edge.policies` says."""
    redirect = stack_edge.Redirect(one.redirect.to, one.redirect.permanent) if one.redirect else None
    return stack_edge.Route(
        one.path, one.host, one.priority, one.rewrite, redirect, one.fallback, _policies(one, of_all)
    )


def _policies(one: Route, of_all: Policies) -> stack_edge.Policies:
    own = one.policies
    headers, hsts = _headers(own.headers, of_all.headers)
    return stack_edge.Policies(
        headers=headers,
        hsts=hsts,
        compress=bool(_first(own.compress, of_all.compress)),
        body=_first(own.body, of_all.body) or 0,
        timeout=_first(own.timeout, of_all.timeout) or 0.0,
        limit=_limit(_first(one.limit, own.limit, of_all.limit)),
        connections=_first(own.connections, of_all.connections) or 0,
        websockets=_first(own.websockets, of_all.websockets) or 0,
    )


def _first(*several: T | None) -> T | None:
    """The first that says something."""
    return next((one for one in several if one is not None), None)


def _limit(one: Limit | None) -> stack_edge.Limit | None:
    """A burst of what the rate allows in one of its units, when nothing is said of it."""
    if one is None or one.rate == "off":
        return None
    number, unit = one.rate.split("/")
    return stack_edge.Limit(int(number), SECONDS[unit], one.burst or int(number))


def _headers(own: Headers | None, of_all: Headers | None) -> tuple[dict[str, str], int]:
    """The headers, and the age of HSTS. A route that names a set begins anew: nothing of all routes' is left."""
    layers = [one for one in (own, of_all) if one is not None]
    if own is not None and own.set is not None:
        layers = [own]
    chosen = _first(*(one.set for one in layers)) or "basic"
    strict, basic = chosen == "strict", chosen != "off"
    hsts = _first(*(one.hsts for one in layers))
    nosniff = _first(*(one.nosniff for one in layers))
    said = {
        "Content-Security-Policy": _first(*(one.csp for one in layers), "default-src 'self'" if strict else None),
        "Referrer-Policy": _first(*(one.referrer for one in layers), REFERRER if strict else None),
        "X-Content-Type-Options": "nosniff" if (basic if nosniff is None else nosniff) else None,
        "X-Frame-Options": _first(*(one.frame for one in layers), "DENY" if strict else None),
    }
    more = {name: value for one in reversed(layers) for name, value in one.more.items()}
    found = {name: value for name, value in (said | more).items() if value not in (None, "off")}
    return {name: str(value) for name, value in found.items()}, int((YEAR if strict else 0) if hsts is None else hsts)
