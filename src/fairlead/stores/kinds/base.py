"""What a kind of store knows of itself. The same for a program of this machine and for a container."""

from __future__ import annotations

from typing import Protocol

from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground, Shape
from fairlead.stores.base import Reach, Values
from fairlead.stores.renewal import Reading


class StoreKind(Shape, Protocol):
    """One kind."""

    programs: tuple[str, ...]  #: what it needs of the machine; empty: it runs in containers alone

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Its configuration, by name in `conf`."""

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """Whether it answers: empty, or why not."""

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Have in it what it declares. FairleadError with what it says."""

    def reload(self, ground: Ground, reach: Reach, pem: str) -> Reading:
        """Have it read its certificate again, which is `pem` now. What became of it: one that is not read is when it is
        started anew."""
