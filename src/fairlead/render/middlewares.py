"""Traefik's middlewares: what is done with the requests of a route and with their answers.

A name says what the middleware does and has a hash of how, so that routes which say the same share it. What is counted
by client is counted by each router for itself; `routers` sees to it that only one router of a route counts.

Traefik's `buffering` reads a whole body before it passes it on, and a whole answer too: it is used for what is refused
anyway, and for bodies that do not say how long they are. Its `retry` sends nothing twice that the application has seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from fairlead.project.stack_edge import Limit, Redirect, Route
from fairlead.render.edge import RELEASE_HEADER, SHADOW_HEADER

RETRY = "fairlead-retry"
UNMARK = "fairlead-unmark"
TRIES = 12
"""How often a request is tried while no server has taken it. Among many others at once each try meets any of them: of
two of which one is dead, all of four did so for one request in sixteen. Traefik waits 20 to 40 ms before each next."""
PATIENCE = "15s"
"""After which no other try is begun: addresses at which nobody says no, as of containers that are gone, take 3 to 5 s
each. An answer that has been asked for may take longer."""
KEPT_IN_MEMORY = 2**20  #: bytes of a body that has to be read whole; the rest of it lies on the disk meanwhile
NEVER_COMPRESSED = ("text/event-stream",)
SUBNET = 64  #: bits of an IPv6 address that one client has: who has one address has all of them
HTTPS = {"X-Forwarded-Proto": "https"}  #: said by the edge itself, or by a proxy that is trusted


class Middlewares:
    """Those that the routers of one table use."""

    def __init__(self, trusted: tuple[str, ...] = ()) -> None:
        self.trusted = trusted
        self.found: dict[str, Any] = {
            RETRY: {"retry": {"attempts": TRIES, "initialInterval": "20ms", "timeout": PATIENCE}},
            UNMARK: {"headers": {"customRequestHeaders": {RELEASE_HEADER: "", SHADOW_HEADER: ""}}},
        }

    def _named(self, word: str, body: dict[str, Any]) -> str:
        name = f"{word}-{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]}"
        self.found[name] = body
        return name

    def answers(self, how: Route) -> tuple[str, ...]:
        """What is done with answers, of users and of Fairlead's own requests alike; a redirect is one."""
        found = [self._headers(how)] if how.policies.headers or how.policies.hsts else []
        if how.redirect:
            found.append(self._redirect(how, how.redirect))
        return tuple(found)

    def _headers(self, how: Route) -> str:
        said: dict[str, Any] = {}
        if how.policies.headers:
            said["customResponseHeaders"] = how.policies.headers
        if how.policies.hsts:
            age = {"stsSeconds": how.policies.hsts, "stsIncludeSubdomains": True}
            said |= age | {"sslProxyHeaders": HTTPS}
        return self._named("headers", {"headers": said})

    def _redirect(self, how: Route, redirect: Redirect) -> str:
        """What follows the prefix stays, and so does the query."""
        prefix, target = how.path.rstrip("/"), redirect.to.rstrip("/").replace("$", "$$")
        rest = f"^https?://[^/]+{re.escape(prefix)}(/[^?]*)?(\\?.*)?$"
        to = f"{target}${{1}}${{2}}" if target else "${1}${2}"
        body = {"regex": rest, "replacement": to, "permanent": redirect.permanent}
        return self._named("redirect", {"redirectRegex": body})

    def compress(self, how: Route) -> tuple[str, ...]:
        """Answers to who asks for it. What is streamed is passed on as it comes."""
        if not how.policies.compress:
            return ()
        return (self._named("compress", {"compress": {"excludedContentTypes": list(NEVER_COMPRESSED)}}),)

    def limit(self, limit: Limit | None, proxied: bool) -> tuple[str, ...]:
        """Requests of one client in a time."""
        if limit is None:
            return ()
        rate = {"average": limit.requests, "period": f"{limit.seconds:g}s", "burst": limit.burst}
        return (self._named("limit", {"rateLimit": rate | {"sourceCriterion": self._client(proxied)}}),)

    def in_flight(self, most: int, proxied: bool) -> tuple[str, ...]:
        """Requests of one client at one time; 0: as many as come."""
        if not most:
            return ()
        return (self._named("at-once", {"inFlightReq": {"amount": most, "sourceCriterion": self._client(proxied)}}),)

    def _client(self, proxied: bool) -> dict[str, Any]:
        """Behind proxies that are trusted: the last address in X-Forwarded-For that is none of theirs."""
        strategy = {"excludedIPs": list(self.trusted)} if proxied else {"ipv6Subnet": SUBNET}
        return {"ipStrategy": strategy}

    def body(self, most: int) -> str:
        """For requests that are too large, or that may be: see `matching.body_above`."""
        return self._named(
            "body", {"buffering": {"maxRequestBodyBytes": most, "memRequestBodyBytes": min(most, KEPT_IN_MEMORY)}}
        )

    def rewrite(self, how: Route) -> tuple[str, ...]:
        """The service gets another path than the user asked for."""
        prefix, into = how.path.rstrip("/"), (how.rewrite or "").rstrip("/")
        if how.rewrite is None or prefix == into:
            return ()
        if not into:
            return (self._named("rewrite", {"stripPrefix": {"prefixes": [prefix]}}),)
        if not prefix:
            return (self._named("rewrite", {"addPrefix": {"prefix": into}}),)
        body = {"regex": f"^{re.escape(prefix)}(/.*)?$", "replacement": into.replace("$", "$$") + "${1}"}
        return (self._named("rewrite", {"replacePathRegex": body}),)

    def fallback(self, page: str, service: str) -> str:
        """The page in place of an answer 404."""
        body = {"status": ["404"], "service": service, "query": page, "statusRewrites": {"404": 200}}
        return self._named("fallback", {"errors": body})

    def to_https(self, port: int) -> str:
        """The same address by https."""
        return self._named("https", {"redirectScheme": {"scheme": "https", "port": str(port), "permanent": True}})
