"""The tables of the page about verdicts."""

from __future__ import annotations

from collections.abc import Iterator

from tables import Table

from .cost import cost
from .draws import Release, Scenario, broken, canary
from .rules import RULES
from .runs import Outcome, many

LEVELS = (3, 10, 30, 100, 600, 3000)  #: requests per minute, both sides together
RATES = (0.005, 0.02, 0.10)
SELDOM = [rule for rule in RULES if "second" not in rule]  #: rules that are cheap to run
OWN = ["Fairlead, every 10 s", "Fairlead + 10 probes/min"]
RUNS, FEWER = 200, 20
HEADER = ("requests/min", *map(str, LEVELS))


def tables() -> Iterator[Table]:
    """All of them, in the order of the page."""
    for rate in RATES:
        yield good(rate)
    yield from bad()
    yield slow()
    yield environment()
    yield cost()


def good(rate: float) -> Table:
    """False aborts of a release that is as good as the old one."""
    scenarios = [canary(rpm, Release(rate)) for rpm in LEVELS]
    often = many(scenarios, ["Fairlead, looking every second"], FEWER)
    found = [one | two for one, two in zip(often, many(scenarios, SELDOM, RUNS), strict=True)]
    rows = [(rule, *(_share(outcomes[rule]) for outcomes in found)) for rule in RULES]
    title = f"A good release, {rate * 100:g} % errors on both sides: stopped, in %"
    note = f"{RUNS} runs for each figure, {FEWER} where looked at every second."
    return Table(title, HEADER, rows, note)


def bad() -> list[Table]:
    """What is caught, when, and what it cost users."""
    return [
        _caught("0.5 % errors become 5 %", [canary(rpm, Release(0.05), Release(0.005)) for rpm in LEVELS]),
        _caught(
            "A dead release: every answer is an error", [canary(rpm, Release(1.0), Release(0.005)) for rpm in LEVELS]
        ),
    ]


def _caught(title: str, scenarios: list[Scenario]) -> Table:
    rules = [rule for rule in SELDOM if rule != "Fairlead, every minute"]
    found = many(scenarios, rules, RUNS)
    rows = [(rule, *(_stop(outcomes[rule]) for outcomes in found)) for rule in rules]
    note = f"In % of {RUNS} runs / median minute / errors that users got from it, mean of all runs, stopped or not."
    return Table(f"{title}: stopped, when, at what cost", HEADER, rows, note)


def slow() -> Table:
    """Every answer takes 300 ms more."""
    found = many([canary(rpm, Release(0.005, delay=0.3), Release(0.005)) for rpm in LEVELS], OWN, RUNS)
    rows = [(rule, *(_when(outcomes[rule]) for outcomes in found)) for rule in OWN]
    note = f"In % of {RUNS} runs / median minute. The other rules do not look at latency."
    return Table("Every answer takes 300 ms longer: stopped, when", HEADER, rows, note)


def environment() -> Table:
    """Something that both releases need is gone."""
    found = many([broken(rpm, share) for share in (0.5, 1.0) for rpm in LEVELS], [*OWN, "Flagger, threshold 5"], RUNS)
    rows = []
    for number, name in enumerate(("half of all answers fail", "all answers fail")):
        part = found[number * len(LEVELS) :][: len(LEVELS)]
        rows += [(f"{rule}: {name}", *(_share(outcomes[rule]) for outcomes in part)) for rule in part[0]]
    note = f"From minute 7 on a good release and the old one fail alike, for 5 minutes. {RUNS} runs."
    return Table("Both sides go bad at once: stopped, in %", HEADER, rows, note)


def _share(outcome: Outcome) -> str:
    return f"{outcome.share:.1f}".removesuffix(".0")


def _when(outcome: Outcome) -> str:
    return f"{outcome.share:.0f} / {'–' if outcome.median is None else f'{outcome.median / 60:.1f}'}"


def _stop(outcome: Outcome) -> str:
    return f"{_when(outcome)} / {outcome.errors:.1f}"
