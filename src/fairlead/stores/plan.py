"""What has to happen so that the stores are as they are declared. Pure: what is wanted and what is seen, steps out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fairlead.project.access import runs
from fairlead.project.stack import Store
from fairlead.stores.base import Running
from fairlead.stores.declared import fingerprint

AFTER = "if it is not well then it goes back to what it was, else it stays so, whatever becomes of the release"
Kind = Literal["make", "start", "change", "leave", "have"]


@dataclass(frozen=True, slots=True)
class StoreStep:
    """One of them. `leave`: it is not declared any more, and runs on until somebody says otherwise."""

    kind: Kind
    name: str
    text: str

    @property
    def asks(self) -> bool:
        """Whether a person has to agree: whoever uses the store does without it for a moment."""
        return self.kind == "change"


def store_steps(wanted: Iterable[Store], seen: Iterable[Running]) -> tuple[StoreStep, ...]:
    """In the order of the file; what is not declared any more last."""
    there = {one.name: one for one in seen}
    ours = [store for store in wanted if runs(store)]
    steps = [_step(store, there.get(store.name)) for store in ours]
    left = sorted(there.keys() - {store.name for store in ours})
    return (*steps, *(_left(name) for name in left))


def _left(name: str) -> StoreStep:
    return StoreStep("leave", name, f"{name} is not declared any more; it runs on, and its data stays in any case")


def _step(store: Store, seen: Running | None) -> StoreStep:
    name = store.name
    if seen is None:
        return StoreStep("make", name, f"make {name} ({store.kind})")
    if fingerprint(store) not in (seen.fingerprint, fingerprint(seen.store)):  # an earlier Fairlead counted less
        text = f"make {name} anew, as it is declared now: it is away for a moment, its data stays; {AFTER}"
        return StoreStep("change", name, text)
    return StoreStep("have", name, f"{name} runs") if seen.living else StoreStep("start", name, f"start {name}")
