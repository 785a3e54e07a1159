"""How far a pull or a push is, from the events that the engine sends. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVERY = 1.0  #: seconds between two lines for a person
MEGA = 1_000_000
_TRANSFERS = ("Downloading", "Pushing")
_WAITING = ("Waiting", "Retrying", "Preparing")  #: repeats itself while nothing moves


@dataclass
class Transfer:
    """What was seen so far."""

    digest: str = ""  #: that a registry gave
    _done: dict[str, int] = field(default_factory=dict)  #: bytes, by layer
    _total: dict[str, int] = field(default_factory=dict)
    _states: dict[str, str] = field(default_factory=dict)
    _told: float = float("-inf")

    def add(self, event: Mapping[str, Any]) -> bool:
        """Take an event; whether anything moved."""
        layer, status = str(event.get("id") or ""), str(event.get("status") or "")
        aux = event.get("aux")
        if isinstance(aux, Mapping) and aux.get("Digest"):
            self.digest = str(aux["Digest"])
        if status.startswith("Digest: "):
            self.digest = status.removeprefix("Digest: ")
        state = "waiting" if status.startswith(_WAITING) else status
        moved = self._states.get(layer) != state
        self._states[layer] = state
        return self._count(layer, status, event.get("progressDetail") or {}) or (moved and state != "waiting")

    def _count(self, layer: str, status: str, detail: Mapping[str, Any]) -> bool:
        current = int(detail.get("current") or 0)
        if not current:
            return False
        moved = self._done.get(f"{layer} {status}") != current
        self._done[f"{layer} {status}"] = current
        if status.startswith(_TRANSFERS):
            self._total[f"{layer} {status}"] = int(detail.get("total") or current)
        return moved

    def line(self, now: float) -> str | None:
        """One line for a person, now and then; `now` in seconds of any clock."""
        if not self._total or now - self._told < EVERY:
            return None
        self._told = now
        done = sum(min(self._done.get(key, 0), total) for key, total in self._total.items())
        return f"{done / MEGA:.1f} of {sum(self._total.values()) / MEGA:.1f} MB"
