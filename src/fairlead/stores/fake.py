"""Stores that are only remembered: for tests, and for whoever wants to see what would be done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from fairlead.project.stack import Store
from fairlead.stores.base import Address, Running, Values
from fairlead.stores.declared import fingerprint

PORT = 20000


@dataclass
class FakeStores:
    """Each is well `questions` times later than it was started. `said` is what was done, in order."""

    questions: int = 0
    made: dict[str, Running] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    given: dict[str, Values] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    hook: Callable[[str], None] = lambda _: None  #: called before everything that changes something

    def observe(self) -> tuple[Running, ...]:
        """What was made."""
        return tuple(self.made[name] for name in sorted(self.made))

    def address(self, store: Store) -> Address | None:
        """One for each."""
        return Address("localhost", PORT) if store.name in self.made else None

    def socket(self, store: Store) -> Address | None:
        """None that could be used."""
        return Address("/nowhere", PORT) if store.name in self.made else None

    def have(self, store: Store, values: Values, image: str = "") -> None:
        """Make it, or know it again."""
        self._do(f"have {store.name}")
        self.given[store.name] = values
        self.made[store.name] = Running(store, fingerprint(store), "running", f"{len(self.said)}")

    def start(self, names: Collection[str]) -> None:
        """Those that were made."""
        for name in sorted(set(names) & self.made.keys()):
            if not self.made[name].living:
                self._do(f"start {name}")
                self.made[name] = replace(self.made[name], phase="running", mark=f"{len(self.said)}")

    def ask(self, name: str) -> str:
        """Not well at first."""
        self.asked[name] = self.asked.get(name, 0) + 1
        if name not in self.made or not self.made[name].living:
            return "it does not run"
        return "" if self.asked[name] > self.questions else "it is starting"

    def settle(self, store: Store, values: Values) -> None:
        """Said only."""
        self._do(f"settle {store.name}")

    def renew(self, names: Collection[str]) -> tuple[str, ...]:
        """Nothing is ever due."""
        return ()

    def stop(self, names: Collection[str]) -> None:
        """Those that run."""
        for name in sorted(set(names) & self.made.keys()):
            self._do(f"stop {name}")
            self.made[name] = replace(self.made[name], phase="stopped", mark="")

    def remove(self, name: str) -> None:
        """Forget it."""
        self._do(f"remove {name}")
        self.made.pop(name, None)

    def log_tail(self, name: str, lines: int) -> str:
        """It says nothing."""
        return ""

    def authority(self, store: Store) -> str:
        """Nowhere."""
        return "/nowhere/root.pem"

    def authority_pem(self) -> str:
        """None that could be used."""
        return "no certificate"

    def _do(self, what: str) -> None:
        self.hook(what)
        self.said.append(what)
