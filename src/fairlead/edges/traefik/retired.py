"""Traefiks that have been replaced: they take nothing new, and end when the last of their connections does.

At SIGTERM a Traefik closes its ports at once, so that the next one can have them, and lives until its connections have
ended by themselves: WebSockets, event streams, long downloads. It has no restart to come: whoever was killed here, and
whatever was started anew, leaves nothing that would take ports again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.owner import Owner
from fairlead.render.edge_containers import RETIRED

MOST = 4  #: of one edge; the oldest ends when there are more. A replacement makes two


@dataclass(frozen=True)
class RetiredTraefiks:
    """Those of one edge. `beside(facts)`: whether it is in the network of the door as that runs now."""

    engine: Engine
    owner: Owner
    beside: Callable[[ContainerFacts], bool]

    def take(self, found: ContainerFacts) -> None:
        """Have one that runs be retired. Its name first: what has that name is dismissed by whoever comes next."""
        self.engine.rename(found.id, self.owner.name(f"{RETIRED}-{found.id[:12]}"))
        self.dismiss()
        for one in self._all()[:-MOST]:
            self.engine.remove(one.id)

    def dismiss(self) -> None:
        """Tell each, once more, to go. The second time changes nothing."""
        for one in self._all():
            self._dismiss(one)

    def _dismiss(self, one: ContainerFacts) -> None:
        self.engine.signal(one.id, "SIGTERM")
        self.engine.keep_ended(one.id)  # last: who has this was told to go

    def sweep(self) -> None:
        """Forget those that have ended, and those whose connections have, with the door that they came by."""
        for one in self._all():
            if not one.running or not self.beside(one):
                self.engine.remove(one.id)
            elif one.raw["HostConfig"]["RestartPolicy"]["Name"] != "no":
                self._dismiss(one)

    def end(self, grace: float) -> None:
        """End and forget all of them, together within `grace` seconds."""
        until = time.monotonic() + grace
        for one in self._all():
            self.engine.stop(one.id, max(0.0, until - time.monotonic()))
            self.engine.remove(one.id)

    def _all(self) -> list[ContainerFacts]:
        """The oldest first."""
        first = self.owner.name(f"{RETIRED}-")
        seen = self.engine.names().items()
        names = [name for name, labels in seen if name.startswith(first) and self.owner.owns(labels)]
        return sorted(filter(None, map(self.engine.container, names)), key=lambda one: one.started)
