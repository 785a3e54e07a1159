"""What the demo has to say in the end."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from fairlead.demo.report import TrafficReport


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was shown."""

    title: str
    seconds: float
    text: str  #: what came of it, one line


@dataclass(slots=True)
class DemoReport:
    """Everything that was shown and counted. Times are seconds."""

    acts: list[Act] = field(default_factory=list)
    traffic: TrafficReport = field(default_factory=TrafficReport)
    seconds: float = 0.0  #: all of it
    rolled_back: float = 0.0  #: from the decision that version 4 is bad to the last user being back on version 3
    entries: int = 0  #: of the ledger, all verified
    left_running: int | None = None  #: processes that outlived the end; None until looked at

    @property
    def ok(self) -> bool:
        """Whether nothing was lost and nothing stayed."""
        return not (self.traffic.lost or self.traffic.websocket.cut or self.left_running)

    def to_data(self) -> dict[str, Any]:
        """As plain JSON data, the totals first."""
        traffic, websocket = self.traffic, self.traffic.websocket
        return {
            "ok": self.ok, "seconds": round(self.seconds, 1), "requests": traffic.sent, "lost": traffic.lost,
            "application_errors": traffic.app_errors, "websockets": websocket.opened, "websockets_cut": websocket.cut,
            "rolled_back_seconds": round(self.rolled_back, 3), "ledger_entries": self.entries,
            "ledger_verified": self.entries > 0, "left_running": self.left_running,
            "acts": [dataclasses.asdict(act) for act in self.acts], "traffic": traffic.to_data(),
        }  # fmt: skip

    def rows(self) -> list[tuple[str, str]]:
        """The totals as the table shows them."""
        traffic, websocket = self.traffic, self.traffic.websocket
        return [
            ("requests sent", f"{traffic.sent} in {traffic.seconds:.0f} s, to {len(traffic.versions)} versions"),
            ("requests lost", str(traffic.lost)),
            ("errors of version 4 itself", f"{traffic.app_errors} (answers of the application, until it was undone)"),
            ("WebSockets", f"{websocket.opened} opened, {websocket.messages} messages, {websocket.cut} cut"),
            ("time to roll back", f"{self.rolled_back:.2f} s from the decision to the last user back on version 3"),
            ("ledger", f"{self.entries} entries, verified"),
            ("left running", "nothing" if self.left_running == 0 else f"{self.left_running} processes"),
        ]
