"""Stores that are only remembered: for tests, and for whoever wants to see what would be done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from fairlead.engine.differences import Difference
from fairlead.project.stack import Store
from fairlead.stores.base import Address, Running, Taken, Values
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
    before: dict[str, Running] = field(default_factory=dict)  #: what was set aside
    ill: set[str] = field(default_factory=set)  #: fingerprints of declarations that never come up
    misfits: dict[str, str] = field(default_factory=dict)  #: store → why its data is not for it
    hook: Callable[[str], None] = lambda _: None  #: called before everything that changes something

    def observe(self) -> tuple[Running, ...]:
        """What was made."""
        return tuple(self.made[name] for name in sorted(self.made))

    def address(self, store: Store) -> Address | None:
        """One for each."""
        return Address("localhost", PORT) if store.name in self.made else None

    def taken(self) -> tuple[Taken, ...]:
        """None."""
        return ()

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
        if self.made[name].fingerprint in self.ill:
            return "it ends at once"
        return "" if self.asked[name] > self.questions else "it is starting"

    def settle(self, store: Store, values: Values) -> None:
        """Said only."""
        self._do(f"settle {store.name}")

    def renew(self, names: Collection[str], now: datetime | None = None) -> tuple[str, ...]:
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

    def set_aside(self, name: str) -> None:
        """What there is, stopped."""
        self._do(f"set {name} aside")
        self.made[name] = replace(self.made[name], phase="stopped", mark="")
        self.before.setdefault(name, self.made[name])

    def bring_back(self, name: str) -> bool:
        """As it was, running."""
        self._do(f"bring {name} back")
        if name not in self.before:
            return False
        self.made[name] = replace(self.before.pop(name), phase="running", mark=f"{len(self.said)}")
        return True

    def let_go(self, name: str) -> None:
        """Forget what it was."""
        self._do(f"let {name} go")
        self.before.pop(name, None)

    def changing(self) -> tuple[str, ...]:
        """Those that were set aside."""
        return tuple(sorted(self.before))

    def unread(self) -> tuple[Running, ...]:
        """None has a certificate."""
        return ()

    def starts(self, name: str) -> int:
        """One that never comes up is started again at each question."""
        found = self.made.get(name)
        return self.asked.get(name, 0) if found and found.fingerprint in self.ill else 0

    def unfit(self, store: Store, image: str = "") -> str:
        """As it was told."""
        return self.misfits.get(store.name, "")

    def differences(self, name: str) -> tuple[Difference, ...]:
        """Only whether it runs."""
        found = self.made[name]
        return () if found.living else (Difference("missing", "running", found.phase),)

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
