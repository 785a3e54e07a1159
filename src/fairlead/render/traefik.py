"""Traefik's dynamic file, which says who gets which request. `entrypoints` has the static one.

It is JSON, which is YAML too: serialised data, never text with holes. What is known of Traefik and decides here:
files are Go templates, so `{{` is escaped; `PathPrefix(`/api`)` matches /apix, so a prefix is two rules; an idle
connection to an instance must end before the instance itself ends it (uvicorn 5 s, gunicorn 2 s), or a POST gets 502;
a server counts as up for a whole interval after each reload, so there are no Traefik health checks; the retry
middleware tries another server only while nothing was written to the first, so it is safe for a POST.

A visitor stays on a release by a cookie that Traefik sets with the first answer. Its value is a hash of the name of the
pool that gave it, so each service would assign its visitors anew; a rule for each release binds them together. Copies
of requests go to a pool of their own with the same instances: there Traefik can mark them, bound their number and the
wait for them, and count them apart from the requests of users.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.render.edge import (
    RELEASE_COOKIE,
    RELEASE_HEADER,
    SHADOW_HEADER,
    USERS,
    EdgeRoute,
    EdgeTable,
    HeaderRoute,
    Members,
)
from fairlead.render.entrypoints import inner_point
from fairlead.render.matching import FIRST, both, cookie, from_members, priority, route_key, rule
from fairlead.render.middlewares import Middlewares
from fairlead.render.plain_json import go_json, plain_of
from fairlead.render.routers import Branch, Trunk, for_testers, for_users

__all__ = ["priority", "route_key", "rule"]

WEB, SECURE = "web", "websecure"
WAIT = "wait"
"""Begins what stands before the name of a pool whose answers must begin in so many milliseconds: the same instances."""
_WAITING = re.compile(rf"^{WAIT}[0-9]+:")

IDLE = "1s"
TRANSPORT = "fairlead"
SHADOW = "shadow:"
"""Begins the name of a pool that gets only copies. Traefik counts each once, and has none in its access log."""
SHADOW_MARK = "fairlead-shadow"
SHADOW_LIMIT = "fairlead-shadow-limit"
SHADOW_TRANSPORT = "fairlead-shadow"
SHADOW_WAIT = "10s"
SHADOW_MOST = 64  #: copies at one time; more are not sent, so that a release that hangs cannot fill the edge's memory
SHADOW_BODY = 8192  #: bytes; a request with more is not copied, because Traefik keeps the whole of it in memory
DIRECT = "direct:"
"""Before the name of a pool: the same instances, for requests with the secret header. They are counted apart, so that
probes and smoke tests are never taken for users. No name of a service has a colon."""
REVISION = "fairlead-revision-"
"""Names of a middleware nobody uses: that the API shows it proves that exactly this file is in force."""


def dynamic_file(table: EdgeTable, token: str, members: Mapping[str, Members] | None = None) -> tuple[str, str]:
    """The dynamic file and the name of the middleware that proves it is in force. Without a token nobody's requests are
    told from those of users: whoever knew how would not be counted. `members`: who is in a network; nobody, if it is
    not said."""
    body = _body(table, token, members or {})
    revision = REVISION + hashlib.sha256(go_json(body).encode()).hexdigest()[:16]
    body["http"]["middlewares"][revision] = {"headers": {"customRequestHeaders": {"X-Fairlead-Revision": revision}}}
    return go_json(body), revision


def parts_of(text: str) -> dict[str, Any]:
    """The rules and policies of such a file, without what names its revision. ValueError when it is none."""
    try:
        http = json.loads(plain_of(text))["http"]
        parts = {**http.get("routers", {}), **http.get("middlewares", {})}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no dynamic file") from error
    return {name: part for name, part in parts.items() if not name.startswith(REVISION)}


def _body(table: EdgeTable, token: str, members: Mapping[str, Members]) -> dict[str, Any]:
    routers: dict[str, Any] = {}
    services: dict[str, Any] = {}
    made = Middlewares(table.listen.trusted_proxies if table.listen else ())
    points = _entry_points(table)
    counts = bool(token) and any(one.how.policies.counts for one in table.routes)
    for route in table.routes:
        if trunk := _trunk(route, points, members):
            routers |= for_users(route.how, trunk, _sides(table, route), made)
            routers |= _uncounted(route, token, trunk, made) if counts else {}
        services[_key(route)] = _shared(table, route)
        services |= _mirror_services(table, route) if route.mirror else {}
    for header in table.headers:
        routers |= _header_routers(header, token, points, made)
    parts = {
        "routers": routers | _to_https(table, made),
        "services": _pools(table) | services,
        "middlewares": made.found | _shadow_middlewares(table),
        "serversTransports": _transports(table),
    }
    return {"http": {name: part for name, part in parts.items() if part}}  # Traefik refuses an empty section


def _trunk(route: EdgeRoute, points: tuple[str, ...], members: Mapping[str, Members]) -> Trunk | None:
    """Of one that services ask for by name only who shares a network with it has an answer; None: that is nobody.

    Anybody else gets 404, as for a name that there is not.
    """
    match = rule(route.host, route.path)
    if not route.port:
        return Trunk(_key(route), match, _priority(route), points)
    askers = from_members(members[name] for name in route.networks if name in members)
    own = (inner_point(route.port),)
    return Trunk(_key(route), both(match, askers), _priority(route), own) if askers else None


def _key(route: EdgeRoute | HeaderRoute) -> str:
    return key_of(route) if isinstance(route, EdgeRoute) else route_key(route.host, route.path)


def key_of(route: EdgeRoute) -> str:
    """The name of its service: of one that services ask for by name, another than of one for users."""
    return route_key(f"{route.host}:{route.port}" if route.port else route.host, route.path)


def _priority(route: EdgeRoute | HeaderRoute) -> int:
    return priority(route.host, route.path, route.how.priority)


def _entry_points(table: EdgeTable) -> tuple[str, ...]:
    """The public ones: both where there is https, for a proxy that is trusted may speak plainly."""
    listen = table.listen
    if listen is None or not listen.https:
        return (WEB,)
    return (WEB, SECURE) if listen.http else (SECURE,)


def _to_https(table: EdgeTable, made: Middlewares) -> dict[str, Any]:
    """Requests that came by http, to the edge or to a proxy that is trusted; not those by the secret header."""
    listen = table.listen
    if not (listen and listen.http and listen.https and listen.redirect):
        return {}
    router = {
        "entryPoints": [WEB], "rule": "Header(`X-Forwarded-Proto`, `http`)", "priority": FIRST - 1,
        "middlewares": [made.to_https(listen.https)], "service": "noop@internal",
    }  # fmt: skip
    return {"to-https": router}


def _pools(table: EdgeTable) -> dict[str, Any]:
    """Each pool for users, once for each time that its routes let it have; and for those with the secret header.

    All that a release will ever need are there as long as it is: Traefik forgets the counters of one that goes.
    """
    found = {}
    for pool in table.pools:
        for seconds in (0.0, *(one.policies.timeout for one in pool.waits)):
            found[_waiting(pool.name, seconds)] = _pool(pool.servers, _transport(seconds))
    servers = {pool.name: pool.servers for pool in table.pools}
    return found | {DIRECT + header.pool: _pool(servers[header.pool]) for header in table.headers}


def _waiting(pool: str, seconds: float) -> str:
    return f"{WAIT}{seconds * 1000:.0f}:{pool}" if seconds else pool


def pool_of(service: str) -> str:
    """The pool of which a service is one variant."""
    return _WAITING.sub("", service)


def _variant(table: EdgeTable, route: EdgeRoute, name: str) -> str:
    """The pool as it serves this route."""
    pool = next((one for one in table.pools if one.name == name), None)
    return _waiting(name, pool.wait(route.host, route.path)) if pool else name


def _transport(seconds: float) -> str:
    return f"{TRANSPORT}-{seconds * 1000:.0f}" if seconds else TRANSPORT


def _mirrors(table: EdgeTable) -> bool:
    return any(route.mirror for route in table.routes)


def _shadow_middlewares(table: EdgeTable) -> dict[str, Any]:
    if not _mirrors(table):
        return {}
    # by the mark, which all copies have: by client address, which is the default, each client had its own limit
    limit = {"amount": SHADOW_MOST, "sourceCriterion": {"requestHeaderName": SHADOW_HEADER}}
    return {
        SHADOW_MARK: {"headers": {"customRequestHeaders": {SHADOW_HEADER: "1"}}},
        SHADOW_LIMIT: {"inFlightReq": limit},
    }


def _transports(table: EdgeTable) -> dict[str, Any]:
    timeouts = {"idleConnTimeout": IDLE, "dialTimeout": "5s"}
    found: dict[str, Any] = {TRANSPORT: {"forwardingTimeouts": timeouts}}
    for seconds in (one.policies.timeout for pool in table.pools for one in pool.waits):
        wait = {"responseHeaderTimeout": f"{seconds * 1000:.0f}ms"} if seconds else {}
        found[_transport(seconds)] = {"forwardingTimeouts": timeouts | wait}
    if _mirrors(table):
        found[SHADOW_TRANSPORT] = {"forwardingTimeouts": timeouts | {"responseHeaderTimeout": SHADOW_WAIT}}
    return found


def _shared(table: EdgeTable, route: EdgeRoute) -> dict[str, Any]:
    """A route's pools by weight. Where there is nothing to choose no cookie is set, so none outlives the choice."""
    weighted: dict[str, Any] = {
        "services": [{"name": _variant(table, route, pool), "weight": weight} for pool, weight in route.weights]
    }
    if table.sticky and len(route.weights) > 1:
        weighted["sticky"] = {
            "cookie": {
                "name": table.sticky.cookie, "maxAge": table.sticky.seconds, "path": "/", "httpOnly": True,
                "sameSite": "lax", "secure": bool(table.listen and table.listen.https),
            }
        }  # fmt: skip
    return {"weighted": weighted}


def _sides(table: EdgeTable, route: EdgeRoute) -> tuple[Branch, ...]:
    """By which pool they go to."""
    mirror = (_mirror_side(route),) if route.mirror else ()
    return (Branch(service=_key(route)), *mirror, *_sticky_sides(table, route))


def _sticky_sides(table: EdgeTable, route: EdgeRoute) -> tuple[Branch, ...]:
    """A visitor whom another service assigned to a release gets that release here too."""
    if table.sticky is None or len(route.weights) < 2:
        return ()
    release_of = {pool.name: pool.release for pool in table.pools}
    found = []
    for name, _ in route.weights:
        values = _sticky_values(table, release_of[name])
        match = cookie(table.sticky.cookie, "|".join(values))
        found.append(Branch(f"sticky-{release_of[name]}", match, offset=2, service=_variant(table, route, name)))
    return tuple(found)


def _sticky_values(table: EdgeTable, release: str) -> list[str]:
    """What the cookie says when any service of that release set it."""
    pools = [pool for pool in table.pools if pool.release == release]
    names = [_waiting(one.name, route.policies.timeout) for one in pools for route in one.waits]
    return [sticky_value(name) for name in dict.fromkeys((*(one.name for one in pools), *names))]


def _mirror_side(route: EdgeRoute) -> Branch:
    """Safe requests, but none that becomes a WebSocket or asks for a stream: their copies would last for ever."""
    safe = "(Method(`GET`) || Method(`HEAD`)) && !HeaderRegexp(`Upgrade`, `.`)"
    safe += " && !HeaderRegexp(`Accept`, `(?i)text/event-stream`)"
    return Branch("mirror", safe, offset=1, service=f"mirror-{_key(route)}")


def _mirror_services(table: EdgeTable, route: EdgeRoute) -> dict[str, Any]:
    """The route's own service with a mirror. Traefik's percentage is whole; a fraction is a part of the next one."""
    key, percent = route_key(route.host, route.path), math.ceil(route.mirror_percent)
    servers = next(pool.servers for pool in table.pools if pool.name == route.mirror)
    shadow = SHADOW + route.mirror
    mirroring = {
        "mirroring": {
            "service": key, "mirrors": [{"name": shadow, "percent": percent}],
            "mirrorBody": True, "maxBodySize": SHADOW_BODY,  # without its body a GET that has one is sent broken
        }
    }  # fmt: skip
    made = {shadow: _pool(servers, SHADOW_TRANSPORT) | {"middlewares": [SHADOW_MARK, SHADOW_LIMIT]}}
    part, whole = max(1, round(route.mirror_percent * 1000)), percent * 1000
    if part == whole:
        return made | {f"mirror-{key}": mirroring}
    shares = [{"name": f"mirrored-{key}", "weight": part}, {"name": key, "weight": whole - part}]
    return made | {f"mirrored-{key}": mirroring, f"mirror-{key}": {"weighted": {"services": shares}}}


def _uncounted(route: EdgeRoute, token: str, trunk: Trunk, made: Middlewares) -> dict[str, Any]:
    """The same route for Fairlead's own requests as a user. Where one route counts all have it: it goes before them."""
    match = both(f"Header(`{RELEASE_HEADER}`, `{header_value(token, USERS)}`)", trunk.match)
    own = replace(trunk, match=match, priority=FIRST + trunk.priority)
    return for_testers(route.how, own, Branch("uncounted", service=_key(route)), made)


def _header_routers(header: HeaderRoute, token: str, points: tuple[str, ...], made: Middlewares) -> dict[str, Any]:
    by_header = f"Header(`{RELEASE_HEADER}`, `{header_value(token, header.release)}`)"
    by_cookie = cookie(RELEASE_COOKIE, cookie_value(token, header.release))
    match = f"({by_header} || {by_cookie}) && {rule(header.host, header.path)}"
    trunk = Trunk(_key(header), match, FIRST + _priority(header), points)
    return for_testers(header.how, trunk, Branch(f"header-{header.release}", service=DIRECT + header.pool), made)


def _pool(servers: tuple[str, ...], transport: str = TRANSPORT) -> dict[str, Any]:
    urls = [{"url": f"http://{server}"} for server in servers]
    return {"loadBalancer": {"servers": urls, "serversTransport": transport}}


def header_value(token: str, release: str) -> str:
    """What the secret header must say to reach a release."""
    return f"{token}-{release}"


def cookie_value(token: str, release: str) -> str:
    """What the secret cookie must say to reach a release.

    Made from the token, but not the token: a cookie is forwarded to the application, which may log it, and must not
    learn from it how to reach other releases.
    """
    return hmac.new(token.encode(), f"cookie {release}".encode(), "sha256").hexdigest()[:32]


def sticky_value(pool: str) -> str:
    """What Traefik writes into a sticky cookie for a pool: `sha256Hash` in its pkg/server/service/loadbalancer."""
    return hashlib.sha256(pool.encode()).hexdigest()[:16]
