"""Traefik's access log of 5xx answers: what users really got, and which of it no application sent.

The counters of `/metrics` cannot say: they count each attempt of the retry middleware, so that one request to a dead
instance shows as four times 502, and one that another instance answered shows as an error nobody saw. The log has
one line per request. It outlives Traefik, so only lines since Traefik's start are counted.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from fairlead.render.traefik import DIRECT


class AccessLog:
    """Reads on from where it was: a release that answers thousands of errors is asked about every half second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget("", 0.0)

    def _forget(self, whose: str, since: float) -> None:
        self._whose = whose
        self._since = since  #: only lines since then count
        self._offset = 0
        self._errors: Counter[tuple[str, int]] = Counter()
        self._edge_made = 0

    def read(self, started: float, process: str = "") -> tuple[dict[tuple[str, int], int], int]:
        """5xx answers by (service, status), and how many of all are the edge's own, since `started` (Unix time).

        The service is empty where no instance could be chosen. `process`: who has started then; as long as that is the
        same, what comes to the log is its own, whatever the clock is set to.
        """
        whose = process or str(started)
        if whose != self._whose:
            self._forget(whose, started)
        if self._path.exists():
            if self._path.stat().st_size < self._offset:  # copied and emptied: what was counted has happened
                self._offset = 0
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                for line in file:
                    if line.endswith(b"\n"):  # else it is being written
                        self._offset += len(line)
                        self._count(_entry(line))
        self._since = 0.0
        return dict(self._errors), self._edge_made

    def _count(self, entry: dict[str, Any]) -> None:
        if _time(entry) <= self._since:  # 0.0 of a line that is torn
            return
        service, _, _ = str(entry.get("ServiceName", "")).partition("@")
        if service.startswith(DIRECT):  # asked by the secret header: no user got it
            return
        self._errors[service, int(entry.get("DownstreamStatus", 0))] += 1
        self._edge_made += made_by_edge(entry)


def made_by_edge(entry: dict[str, Any]) -> bool:
    """Whether it is a 502, 503 or 504 of Traefik's own: what an application sent has a Date, a length or a name."""
    of_origin = any(entry.get(f"origin_{name}") for name in ("Date", "Server", "Content-Length"))
    return entry.get("DownstreamStatus") in (502, 503, 504) and not of_origin


def _entry(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # torn by a full disk
        return {}
    return found if isinstance(found, dict) else {}


def _time(entry: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(entry["StartUTC"])).timestamp()
    except (KeyError, ValueError):
        return 0.0
