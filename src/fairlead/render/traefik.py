"""Traefik's files: the static one, and the dynamic one that says who gets which request.

Both are JSON, which is YAML too: serialised data, never text with holes. What is known of Traefik and decides here:
files are Go templates, so `{{` is escaped; `PathPrefix(`/api`)` matches /apix, so a prefix is two rules; an idle
connection to an instance must end before the instance itself ends it (uvicorn 5 s, gunicorn 2 s), or a POST gets 502;
a server counts as up for a whole interval after each reload, so there are no Traefik health checks; the retry
middleware tries another server only while nothing was written to the first, so it is safe for a POST.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.render.edge import RELEASE_HEADER, EdgeTable

IDLE = "1s"
THROTTLE = "50ms"
TRANSPORT = "fairlead"
RETRY = "fairlead-retry"
UNMARK = "fairlead-unmark"
KEY_HEADER = "X-Fairlead-Edge"
REVISION = "fairlead-revision-"
"""Names of a middleware nobody uses: that the API shows it proves that exactly this file is in force."""


@dataclass(frozen=True, slots=True)
class EdgePorts:
    """Where Traefik listens."""

    address: str  #: of the public port, without brackets; empty: all addresses
    http: int
    api: int  #: on loopback only

    @property
    def public(self) -> str:
        """ADDRESS:PORT as Traefik reads it."""
        return f"[{self.address}]:{self.http}" if ":" in self.address else f"{self.address}:{self.http}"


def static_file(ports: EdgePorts, folder: Path) -> str:
    """`traefik.yml`; the dynamic files lie in `folder/dynamic`.

    The API, the counters and the ping get their routers from `own_file`, which asks for a key.
    """
    return _plain_json(  # Traefik runs only its dynamic files through its template engine
        {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN", "format": "json", "filePath": str(folder / "traefik.log")},
            "accessLog": _access_log(folder / "access.log"),
            "api": {},
            "ping": {"manualRouting": True},
            "metrics": {"prometheus": {"manualRouting": True, "addServicesLabels": True, "buckets": [0.1, 0.3, 1, 3]}},
            "entryPoints": {
                "web": {
                    "address": ports.public,
                    "transport": {"lifeCycle": {"graceTimeOut": "30s"}, "respondingTimeouts": {"readTimeout": "0s"}},
                },
                "api": {"address": f"127.0.0.1:{ports.api}"},
            },
            "providers": {
                "providersThrottleDuration": THROTTLE,
                "file": {"directory": str(folder / "dynamic"), "watch": True},
            },
        }
    )


def _access_log(path: Path) -> dict[str, Any]:
    """Only 5xx answers, and of them only what tells the edge's own from the application's."""
    kept = ("StartUTC", "DownstreamStatus", "ServiceName", "RouterName", "RequestMethod", "RequestPath")
    return {
        "filePath": str(path),
        "format": "json",
        "filters": {"statusCodes": ["500-599"]},
        "fields": {
            "defaultMode": "drop",
            "names": dict.fromkeys(kept, "keep"),
            "queryParameters": {"defaultMode": "drop"},
            "headers": {"defaultMode": "drop", "names": dict.fromkeys(("Date", "Server", "Content-Length"), "keep")},
        },
    }


def listens_at(static: object) -> EdgePorts | None:
    """What a static file, parsed, says of where Traefik listens; None when it says nothing of it."""
    points = static.get("entryPoints") if isinstance(static, dict) else None
    try:
        address, _, http = points["web"]["address"].rpartition(":")  # type: ignore[index]
        return EdgePorts(address.strip("[]"), int(http), int(points["api"]["address"].rpartition(":")[2]))  # type: ignore[index]
    except (TypeError, KeyError, AttributeError, ValueError):
        return None


def own_file(key: str) -> str:
    """The routers to Traefik's own services, for who sends the key.

    Any user of the machine, and an application that can be talked into asking for a URL, reaches the port of the API;
    the rules it shows have the token of the release header in them.
    """
    services = {"api": "/api", "prometheus": "/metrics", "ping": "/ping"}
    routers = {
        f"fairlead-own-{name}": {
            "entryPoints": ["api"],
            "rule": f"Header(`{KEY_HEADER}`, `{key}`) && PathPrefix(`{path}`)",
            "service": f"{name}@internal",
        }
        for name, path in services.items()
    }
    return _json({"http": {"routers": routers}})


def dynamic_file(table: EdgeTable, token: str) -> tuple[str, str]:
    """The dynamic file and the name of the middleware that proves it is in force."""
    body = _body(table, token)
    revision = REVISION + hashlib.sha256(_json(body).encode()).hexdigest()[:16]
    body["http"]["middlewares"][revision] = {"headers": {"customRequestHeaders": {"X-Fairlead-Revision": revision}}}
    return _json(body), revision


def _body(table: EdgeTable, token: str) -> dict[str, Any]:
    routers: dict[str, Any] = {}
    services: dict[str, Any] = {pool.name: _pool(pool.ports) for pool in table.pools}
    for route in table.routes:
        name = route_key(route.host, route.path)
        routers[name] = _router(rule(route.host, route.path), name, priority(route.host, route.path))
        services[name] = {
            "weighted": {"services": [{"name": pool, "weight": weight} for pool, weight in route.weights]}
        }
    for header in table.headers:
        name = f"header-{header.release}-{route_key(header.host, header.path)}"
        match = f"Header(`{RELEASE_HEADER}`, `{header_value(token, header.release)}`) && "
        routers[name] = _router(
            match + rule(header.host, header.path), header.pool, 1_000_000 + priority(header.host, header.path)
        )
    middlewares = {
        RETRY: {"retry": {"attempts": 4, "initialInterval": "20ms"}},
        UNMARK: {"headers": {"customRequestHeaders": {RELEASE_HEADER: ""}}},
    }
    transports = {TRANSPORT: {"forwardingTimeouts": {"idleConnTimeout": IDLE, "dialTimeout": "5s"}}}
    parts = {"routers": routers, "services": services, "middlewares": middlewares, "serversTransports": transports}
    return {"http": {name: part for name, part in parts.items() if part}}  # Traefik refuses an empty section


def _router(match: str, service: str, weight: int) -> dict[str, Any]:
    return {
        "entryPoints": ["web"], "rule": match, "service": service, "priority": weight, "middlewares": [RETRY, UNMARK],
    }  # fmt: skip


def _pool(ports: tuple[int, ...]) -> dict[str, Any]:
    servers = [{"url": f"http://127.0.0.1:{port}"} for port in ports]
    return {"loadBalancer": {"servers": servers, "serversTransport": TRANSPORT}}


def rule(host: str | None, path: str) -> str:
    """Traefik's rule for a host and a path prefix that ends at a slash."""
    prefix = path.rstrip("/")
    paths = f"(Path(`{prefix}`) || PathPrefix(`{prefix}/`))" if prefix else "PathPrefix(`/`)"
    return f"Host(`{host}`) && {paths}" if host else paths


def priority(host: str | None, path: str) -> int:
    """Longer paths first; a rule with a host before any without."""
    return len(path) + (10_000 if host else 0) + 1


def route_key(host: str | None, path: str) -> str:
    """A name for a route that no user value can break."""
    return "route-" + hashlib.sha256(f"{host or ''}{path}".encode()).hexdigest()[:12]


def header_value(token: str, release: str) -> str:
    """What the secret header must say to reach a release."""
    return f"{token}-{release}"


def _plain_json(data: object) -> str:
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _json(data: object) -> str:
    """JSON whose `{{` Traefik's template engine gives back as it stands."""
    return _plain_json(data).replace("{{", '{{"{{"}}')
