"""Traefik's static file: where it listens and what it writes; and the routers to its own services.

Everything here is read once, when Traefik starts, but for `own_file`. A middleware that each entry point names is one
of that file: it does nothing until this Traefik is to be replaced, and then has its clients come back on new
connections, which the next one gets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.project.stack import LATENCY_BUCKETS
from fairlead.render.plain_json import go_json, plain_json

THROTTLE = "50ms"
KEY_HEADER = "X-Fairlead-Edge"
MAIN, DEPUTY = "main", "deputy"
"""The Traefik that serves, and the one that stands in for it while it is replaced."""
OWN = "fairlead-own-"
"""Begins the name of a middleware nobody uses: that the API shows it proves that exactly this file is in force."""
INNER = "inner-"
"""Begins the name of an entry point at which services ask each other."""


@dataclass(frozen=True, slots=True)
class EdgePorts:
    """Where one Traefik listens."""

    address: str  #: of the public ports, without brackets; empty: all addresses
    http: int | None
    api: int
    https: int | None = None
    api_address: str = "127.0.0.1"
    inner: tuple[tuple[int, int], ...] = ()  #: (port that services ask each other at, port it listens on)
    trusted: tuple[str, ...] = ()  #: networks of proxies whose X-Forwarded-* are believed
    role: str = ""  #: `MAIN` or `DEPUTY`, where one can stand in for the other
    grace: str = "30s"  #: what its connections get when it is told to end; its ports are closed at once

    def at(self, port: int) -> str:
        """ADDRESS:PORT as Traefik reads it."""
        return f"[{self.address}]:{port}" if ":" in self.address else f"{self.address}:{port}"


def static_file(ports: EdgePorts, folder: Path, logs: Path | None = None, said: bool = False) -> str:
    """`traefik.yml`; the dynamic files lie in `folder/dynamic`, and its logs in `logs` (default: `folder`), or they are
    `said`: whoever runs it keeps what it says, and not all of it for ever.

    The API, the counters and the ping get their routers from `own_file`, which asks for a key.
    """
    logs = logs or folder
    own = {} if said else {"filePath": str(logs / "traefik.log")}
    return plain_json(  # Traefik runs only its dynamic files through its template engine
        {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN", "format": "json"} | own,
            "accessLog": _access_log(None if said else logs / "access.log"),
            "api": {},
            "ping": {"manualRouting": True},
            "metrics": {
                "prometheus": {"manualRouting": True, "addServicesLabels": True, "buckets": list(LATENCY_BUCKETS)}
            },
            "entryPoints": _entry_points(ports),
            "providers": {
                "providersThrottleDuration": THROTTLE,
                "file": {"directory": str(folder / "dynamic"), "watch": True},
            },
        }
    )


def _entry_points(ports: EdgePorts) -> dict[str, Any]:
    shed: dict[str, Any] = {"middlewares": [f"{shed_name(ports.role)}@file"]} if ports.role else {}
    found: dict[str, Any] = {"api": {"address": f"{ports.api_address}:{ports.api}"}}
    if ports.http:
        found["web"] = _public(ports, ports.http, shed)
    if ports.https:
        found["websecure"] = _public(ports, ports.https, shed | {"tls": {}})
    for port, own in ports.inner:
        found[inner_point(port)] = _entry_point(f":{own}", ports.grace, shed)
    return found


def _entry_point(address: str, grace: str, http: dict[str, Any]) -> dict[str, Any]:
    patient = {"lifeCycle": {"graceTimeOut": grace}, "respondingTimeouts": {"readTimeout": "0s"}}
    return {"address": address, "transport": patient} | ({"http": http} if http else {})


def _public(ports: EdgePorts, port: int, http: dict[str, Any]) -> dict[str, Any]:
    """Of strangers X-Forwarded-* are thrown away, in every way of writing them: Traefik alone lets `X_Forwarded_For`
    through, which WSGI, CGI and PHP take for the real one."""
    found = _entry_point(ports.at(port), ports.grace, http | {"aliasHeadersStrategy": "delete"})
    return found | ({"forwardedHeaders": {"trustedIPs": list(ports.trusted)}} if ports.trusted else {})


def inner_point(port: int) -> str:
    """The entry point at which services are asked by their names and this port."""
    return f"{INNER}{port}"


def shed_name(role: str) -> str:
    """The middleware that every entry point of the Traefik with this role names."""
    return f"fairlead-shed-{role}"


def _access_log(path: Path | None) -> dict[str, Any]:
    """Only 5xx answers, and of them only what tells the edge's own from the application's."""
    kept = ("StartUTC", "DownstreamStatus", "ServiceName", "RouterName", "RequestMethod", "RequestPath")
    return ({"filePath": str(path)} if path else {}) | {
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
    """What a static file, parsed, says of where a Traefik of this machine listens; None when it says nothing of it."""
    points = static.get("entryPoints") if isinstance(static, dict) else None
    try:
        ends = {name: points[name]["address"].rpartition(":") for name in points}  # type: ignore[index,union-attr]
        address = next(ends[name][0] for name in ("web", "websecure") if name in ends)
        http, https = (int(ends[name][2]) if name in ends else None for name in ("web", "websecure"))
        return EdgePorts(address.strip("[]"), http, int(ends["api"][2]), https, trusted=_trusted(points))
    except (TypeError, KeyError, AttributeError, ValueError, StopIteration):
        return None


def _trusted(points: Any) -> tuple[str, ...]:
    public = next(points[name] for name in ("web", "websecure") if name in points)
    return tuple(str(one) for one in public.get("forwardedHeaders", {}).get("trustedIPs", ()))


def own_file(key: str, shedding: Iterable[str] = ()) -> tuple[str, str]:
    """The routers to Traefik's own services, for who sends the key, and the name that proves the file is in force.

    Any user of the machine, and an application that can be talked into asking for a URL, reaches the port of the API;
    the rules it shows have the token of the release header in them. `shedding`: the roles whose clients are to come
    back on new connections (RFC 9112, 9.6; HTTP/2 gets GOAWAY for it).
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
    middlewares = {shed_name(role): _shed(role in shedding) for role in (MAIN, DEPUTY)}
    proof = OWN + hashlib.sha256(repr((key, sorted(shedding))).encode()).hexdigest()[:16]
    middlewares[proof] = {"headers": {"customRequestHeaders": {"X-Fairlead-Own": proof}}}
    return go_json({"http": {"routers": routers, "middlewares": middlewares}}), proof


def ping_file() -> str:
    """The router by which Traefik says that it is there, at the address of its API, and no other of its own."""
    router = {"entryPoints": ["api"], "rule": "Path(`/ping`)", "service": "ping@internal"}
    return go_json({"http": {"routers": {"fairlead-ping": router}}})


def _shed(now: bool) -> dict[str, Any]:
    """A middleware must say something: taking off a header that nobody sends is nothing."""
    return {"headers": {"customResponseHeaders": {"Connection": "close"} if now else {"X-Fairlead-Shed": ""}}}
