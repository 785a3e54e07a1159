"""What a drill found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """What a drill found. Seconds by phase; together they are the time to recover, from the first step on."""

    store: str
    id: str = ""
    kind: str = ""
    wrong: list[str] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    rpo: float | None = None  #: seconds that would be lost if the server were lost now
    alone: bool = False  #: there is no log that leads on from it
    bytes: int = 0
    databases: list[str] = field(default_factory=list)
    targets: dict[str, float] = field(default_factory=dict)
    damaged: bool = False  #: the backup itself is not what was written
    moment: str = ""  #: as what the copy was; empty: as the backup is
    amcheck: bool | None = None  #: whether every index was compared with its table; None: nobody asked for it
    without: list[str] = field(default_factory=list)  #: what no copy of data files has: unlogged, prepared
    forecast: dict[str, float] | None = None  #: the time to recover in 90 days, if it goes on growing

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.wrong

    @property
    def rto(self) -> float:
        """Seconds from the first step to the last check."""
        return round(sum(self.phases.values()), 3)

    def to_data(self) -> dict[str, Any]:
        """JSON."""
        speed = round(self.bytes / 1e6 / max(self.phases.get("restore", 0.0), 0.001), 1)
        return {
            "id": self.id, "kind": self.kind, "ok": self.ok, "wrong": self.wrong, "phases": self.phases,
            "rto": self.rto, "rpo": self.rpo, "bytes": self.bytes, "mb_per_second": speed,
            "databases": self.databases, "targets": self.targets, "moment": self.moment, "amcheck": self.amcheck,
            "forecast": self.forecast, "damaged": self.damaged, "without": self.without,
        }  # fmt: skip

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = round(self.phases.get(name, 0.0) + time.monotonic() - begun, 3)
