"""Traefik's own API and counters, read on loopback, with the key that its routers ask for."""

from __future__ import annotations

import json
import re
from typing import Any

from fairlead.edges.counters import Counters
from fairlead.edges.traefik import metrics
from fairlead.render.entrypoints import KEY_HEADER
from fairlead.system import http
from fairlead.system.http import Answer

_SERVICE_LINE = re.compile(r'^traefik_service_requests_total\{code="(\d+)",.*service="([^"@]+)@file"\} (\S+)$', re.M)
_RELOADS = re.compile(r"^traefik_config_reloads_total (\S+)$", re.M)
_OPEN = re.compile(r'^traefik_open_connections\{entrypoint="([^"]+)"[^}]*\} (\S+)$', re.M)
_STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.M)

PATIENCE = 3.0  #: seconds counters are waited for: they are asked for every second


class TraefikApi:
    """The API on `host:port`. Nothing here raises; no answer is None. Without a host there is nobody to ask."""

    def __init__(self, port: int, key: str, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = host
        self._headers = {KEY_HEADER: key}

    def _get(self, path: str, timeout: float) -> Answer:
        if not self.host:
            return Answer(0, error="it does not run")
        return http.get(self.port, path, timeout, self._headers, self.host)

    def alive(self) -> bool:
        """Whether it serves: 404 is what it says as long as it has not read its files, or another key is in them."""
        return self._get("/ping", 2).status in (200, 404)

    def raw(self) -> dict[str, Any] | None:
        """All routers, services and middlewares in force. What is no such thing is of somebody who has its port now."""
        answer = self._get("/api/rawdata", 5)
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def has_middleware(self, name: str) -> bool:
        """Whether a middleware of our file is in force."""
        return self._get(f"/api/http/middlewares/{name}@file", 2).status == 200

    def counters(self) -> tuple[dict[tuple[str, int], int], float, int]:
        """Answers by (service name, status code); when the process started; how often it loaded its files."""
        text = self._get("/metrics", 5).body.decode(errors="replace")
        counts: dict[tuple[str, int], int] = {}
        for code, service, value in _SERVICE_LINE.findall(text):
            key = (service, int(code))
            counts[key] = counts.get(key, 0) + int(float(value))
        return counts, _number(_STARTED, text), int(_number(_RELOADS, text))

    def open_connections(self) -> int | None:
        """How many clients have open, but for those of the API itself; None when it does not answer."""
        answer = self._get("/metrics", 5)
        if answer.status != 200:
            return None
        found = _OPEN.findall(answer.body.decode(errors="replace"))
        return sum(int(float(value)) for point, value in found if point != "api")

    def metrics(self) -> Counters:
        """The raw counts by pool."""
        answer = self._get("/metrics", PATIENCE)
        if answer.status != 200:
            return Counters(error=f"the edge gave no counters: {answer.error or f'status {answer.status}'}")
        if len(answer.body) >= http.LARGEST:
            return Counters(error="the edge's counters are too long to be read")
        return metrics.parse(answer.body.decode(errors="replace"))


def _number(pattern: re.Pattern[str], text: str) -> float:
    found = pattern.search(text)
    return float(found.group(1)) if found else 0.0
