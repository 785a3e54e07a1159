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
import math
from typing import Any

from fairlead.render.edge import RELEASE_COOKIE, RELEASE_HEADER, SHADOW_HEADER, EdgeRoute, EdgeTable, HeaderRoute
from fairlead.render.plain_json import go_json

IDLE = "1s"
TRANSPORT = "fairlead"
RETRY = "fairlead-retry"
UNMARK = "fairlead-unmark"
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


def dynamic_file(table: EdgeTable, token: str) -> tuple[str, str]:
    """The dynamic file and the name of the middleware that proves it is in force."""
    body = _body(table, token)
    revision = REVISION + hashlib.sha256(go_json(body).encode()).hexdigest()[:16]
    body["http"]["middlewares"][revision] = {"headers": {"customRequestHeaders": {"X-Fairlead-Revision": revision}}}
    return go_json(body), revision


def _body(table: EdgeTable, token: str) -> dict[str, Any]:
    routers: dict[str, Any] = {}
    services: dict[str, Any] = {pool.name: _pool(pool.servers) for pool in table.pools}
    for route in table.routes:
        name = route_key(route.host, route.path)
        routers[name] = _router(rule(route.host, route.path), name, priority(route.host, route.path))
        services[name] = _shared(table, route)
        routers |= _sticky_routers(table, route)
        if route.mirror:
            routers |= _mirror_router(route)
            services |= _mirror_services(table, route)
    servers = {pool.name: pool.servers for pool in table.pools}
    for header in table.headers:
        routers |= _header_router(header, token)
        services[DIRECT + header.pool] = _pool(servers[header.pool])
    parts = {
        "routers": routers,
        "services": services,
        "middlewares": _middlewares(table),
        "serversTransports": _transports(table),
    }
    return {"http": {name: part for name, part in parts.items() if part}}  # Traefik refuses an empty section


def _mirrors(table: EdgeTable) -> bool:
    return any(route.mirror for route in table.routes)


def _middlewares(table: EdgeTable) -> dict[str, Any]:
    found: dict[str, Any] = {
        RETRY: {"retry": {"attempts": 4, "initialInterval": "20ms"}},
        UNMARK: {"headers": {"customRequestHeaders": {RELEASE_HEADER: "", SHADOW_HEADER: ""}}},
    }
    if _mirrors(table):
        found[SHADOW_MARK] = {"headers": {"customRequestHeaders": {SHADOW_HEADER: "1"}}}
        # by the mark, which all copies have: by client address, which is the default, each client had its own limit
        limit = {"amount": SHADOW_MOST, "sourceCriterion": {"requestHeaderName": SHADOW_HEADER}}
        found[SHADOW_LIMIT] = {"inFlightReq": limit}
    return found


def _transports(table: EdgeTable) -> dict[str, Any]:
    timeouts = {"idleConnTimeout": IDLE, "dialTimeout": "5s"}
    found: dict[str, Any] = {TRANSPORT: {"forwardingTimeouts": timeouts}}
    if _mirrors(table):
        found[SHADOW_TRANSPORT] = {"forwardingTimeouts": timeouts | {"responseHeaderTimeout": SHADOW_WAIT}}
    return found


def _shared(table: EdgeTable, route: EdgeRoute) -> dict[str, Any]:
    """A route's pools by weight. Where there is nothing to choose no cookie is set, so none outlives the choice."""
    weighted: dict[str, Any] = {"services": [{"name": pool, "weight": weight} for pool, weight in route.weights]}
    if table.sticky and len(route.weights) > 1:
        weighted["sticky"] = {
            "cookie": {
                "name": table.sticky.cookie, "maxAge": table.sticky.seconds, "path": "/", "httpOnly": True,
                "sameSite": "lax", "secure": bool(table.listen and table.listen.https),
            }
        }  # fmt: skip
    return {"weighted": weighted}


def _sticky_routers(table: EdgeTable, route: EdgeRoute) -> dict[str, Any]:
    """A visitor whom another service assigned to a release gets that release here too."""
    if table.sticky is None or len(route.weights) < 2:
        return {}
    found = {}
    release_of = {pool.name: pool.release for pool in table.pools}
    for name, _ in route.weights:
        values = [sticky_value(pool.name) for pool in table.pools if pool.release == release_of[name]]
        match = f"{_cookie(table.sticky.cookie, '|'.join(values))} && {rule(route.host, route.path)}"
        key = f"sticky-{release_of[name]}-{route_key(route.host, route.path)}"
        found[key] = _router(match, name, priority(route.host, route.path) + 2)
    return found


def _mirror_router(route: EdgeRoute) -> dict[str, Any]:
    """Safe requests, but none that becomes a WebSocket or asks for a stream: their copies would last for ever."""
    safe = "(Method(`GET`) || Method(`HEAD`)) && !HeaderRegexp(`Upgrade`, `.`)"
    safe += " && !HeaderRegexp(`Accept`, `(?i)text/event-stream`)"
    name = f"mirror-{route_key(route.host, route.path)}"
    number = priority(route.host, route.path) + 1
    return {name: _router(f"{safe} && {rule(route.host, route.path)}", name, number)}


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


def _header_router(header: HeaderRoute, token: str) -> dict[str, Any]:
    by_header = f"Header(`{RELEASE_HEADER}`, `{header_value(token, header.release)}`)"
    by_cookie = _cookie(RELEASE_COOKIE, cookie_value(token, header.release))
    name = f"header-{header.release}-{route_key(header.host, header.path)}"
    match = f"({by_header} || {by_cookie}) && {rule(header.host, header.path)}"
    return {name: _router(match, DIRECT + header.pool, 1_000_000 + priority(header.host, header.path))}


def _cookie(name: str, values: str) -> str:
    """A rule for a cookie among others; `values` divided by |, of letters that mean nothing else."""
    return f"HeaderRegexp(`Cookie`, `(^|;) *{name}=({values}) *(;|$)`)"


def _router(match: str, service: str, weight: int) -> dict[str, Any]:
    return {
        "entryPoints": ["web"], "rule": match, "service": service, "priority": weight, "middlewares": [RETRY, UNMARK],
    }  # fmt: skip


def _pool(servers: tuple[str, ...], transport: str = TRANSPORT) -> dict[str, Any]:
    urls = [{"url": f"http://{server}"} for server in servers]
    return {"loadBalancer": {"servers": urls, "serversTransport": transport}}


def rule(host: str | None, path: str) -> str:
    """Traefik's rule for a host and a path prefix that ends at a slash."""
    prefix = path.rstrip("/")
    paths = f"(Path(`{prefix}`) || PathPrefix(`{prefix}/`))" if prefix else "PathPrefix(`/`)"
    return f"Host(`{host}`) && {paths}" if host else paths


def priority(host: str | None, path: str) -> int:
    """Longer paths first; a rule with a host before any without. Leaves room for rules of the same route above it."""
    return 10 * (len(path) + (10_000 if host else 0) + 1)


def route_key(host: str | None, path: str) -> str:
    """A name for a route that no user value can break."""
    return "route-" + hashlib.sha256(f"{host or ''}{path}".encode()).hexdigest()[:12]


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
