"""What is known of one new release: services, probes, trouble. Ticks in, nothing decided here."""

from __future__ import annotations

from typing import Any

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.counts import nonsense, tidy, tidy_history, tidy_probes
from fairlead.rollout.verdict.evidence import History, Mode, Probes, Side, Tick
from fairlead.rollout.verdict.service import NOBODY, Change, Service
from fairlead.rollout.verdict.usual import Count

PROBES = ""  #: the service to which probes belong where there are several, and they say nothing of a single one
_KEPT = ("first", "weight", "trouble", "in_a_row", "blamed", "failing_for", "last_failure")


class Case:
    """Services by name, in the order in which they were first heard of."""

    def __init__(self, policy: Judge, mode: Mode, history: History) -> None:
        """Nothing has happened yet."""
        self.policy, self.mode, self.history = policy, mode, tidy_history(history)
        self.services: dict[str, Service] = {}
        self.first = 0  #: how many services were there from the start: they share the money
        self.weight = 0.0
        self.trouble = ""  #: why the last tick's counts were left out
        self.in_a_row = 0
        self.blamed = 0  #: probes failed in a row while the edge was well
        self.failing_for = 0.0  #: seconds
        self.last_failure = ""
        self._know(self.history.services)

    def add(self, tick: Tick) -> None:
        """Take one tick in. Counts that cannot be trusted, or cannot be, are left out."""
        tick = tidy(tick)
        self.trouble = tick.trouble or nonsense(tick)
        self._probe(tidy_probes(tick.probes), tick.seconds, bool(tick.trouble))
        if self.trouble:
            self._seal()
            return
        stable = {} if self.mode == "watch" else tick.stable
        self._know({**tick.stable, **tick.canary})
        seal = tick.reloaded or tick.weight != self.weight
        self.weight = tick.weight
        probes = Count(tick.probes.failed, tick.probes.sent)
        for name in self.services:
            self._add_service(name, tick, stable, probes if self.probed == name else Count(), seal)

    def _add_service(self, name: str, tick: Tick, stable: dict[str, Side], probes: Count, seal: bool) -> None:
        canary_side, stable_side = tick.canary.get(name, NOBODY), stable.get(name, NOBODY)
        if name == PROBES:
            stable_side = _together(stable)
        both = self.mode == "canary" and name in tick.canary and name in stable
        change = Change(tick.seconds, tick.weight, canary_side, stable_side, both, probes, seal)
        self.services[name].add(change)

    @property
    def probed(self) -> str | None:
        """The service that answers the probes; None before any is known."""
        if not self.first:
            return None
        return next(iter(self.services)) if self.first == 1 else PROBES

    def _know(self, names: dict[str, Side]) -> None:
        for name in names:
            if name not in self.services and name != PROBES:
                self.services[name] = Service(self.policy, self.history.services.get(name, NOBODY))
        if not self.first and self.services:
            if len(self.services) > 1:
                self.services[PROBES] = Service(self.policy, _together(self.history.services))
            self.first = len(self.services)

    def _seal(self) -> None:
        self.weight = -1.0  # what comes next begins anew

    def _probe(self, probes: Probes, seconds: float, trouble: bool) -> None:
        """Failures in a row, but of the edge's own trouble, which fails every probe, none is the release's."""
        begun = probes.in_a_row <= probes.failed or probes.in_a_row < self.in_a_row
        new = probes.in_a_row if begun else probes.in_a_row - self.in_a_row
        self.blamed = (0 if begun else self.blamed) + (0 if trouble else new)
        self.failing_for = 0.0 if not probes.in_a_row else self.failing_for + seconds
        self.in_a_row = probes.in_a_row
        self.last_failure = str(probes.last_failure) if probes.in_a_row else ""

    def shares(self) -> dict[str, float]:
        """Weight of each service's evidence; what is left is kept for services that turn up later."""
        late = [0.1 / 2 ** (index + 1) for index in range(len(self.services) - self.first)]
        weights = [0.9 / self.first] * self.first + late if self.first else []
        return dict(zip(self.services, weights, strict=True))

    def to_data(self) -> dict[str, Any]:
        """JSON types; without policy, mode and history, which are given again."""
        kept = {name: getattr(self, name) for name in _KEPT}
        return {**kept, "services": {name: service.to_data() for name, service in self.services.items()}}

    @classmethod
    def from_data(cls, policy: Judge, mode: Mode, history: History, data: dict[str, Any]) -> Case:
        """The inverse of `to_data`."""
        made = cls(policy, mode, history)
        for name in _KEPT:
            setattr(made, name, data[name])
        past = {**made.history.services, PROBES: _together(made.history.services)}
        made.services = {
            name: Service.from_data(policy, past.get(name, NOBODY), one) for name, one in data["services"].items()
        }
        return made


def _together(sides: dict[str, Side]) -> Side:
    return Side(sum(side.requests for side in sides.values()), sum(side.errors for side in sides.values()))
