"""The sentences of verdicts: plain, with their numbers. One place, so that the same thing always reads the same."""

from __future__ import annotations

import math

from fairlead.rollout.verdict.usual import Count


def number(value: int) -> str:
    """With a space between thousands: 4 020."""
    return f"{value:,}".replace(",", " ")


def counted(value: int, word: str) -> str:
    """1 error, 2 errors, 0 errors."""
    return f"{number(value)} {word}{'' if value == 1 else 's'}"


def percent(share: float) -> str:
    """4.9 %, 0.12 %, 100 %: two figures that say something."""
    value = 100 * share
    if value <= 0 or value >= 99.95:
        return f"{value:.0f} %"
    places = max(0, 1 - math.floor(math.log10(value)))
    text = f"{value:.{min(places, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def odds(log: float) -> str:
    """Evidence as odds, two figures: 1 : 1 900."""
    if log > math.log(1e12):
        return "1 : more than 10^12"
    value = math.exp(max(log, 0.0))
    size = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return f"1 : {number(round(value / size) * size)}"


def of(service: str) -> str:
    """The beginning of a sentence on one of several services."""
    return f"{service}: " if service else ""


def hits(count: Count, word: str) -> str:
    """14 errors in 212."""
    return f"{counted(count.hits, word)} in {number(count.events)}"


def times(ratio: float) -> str:
    """What the new release is compared with."""
    return "equal rates" if ratio <= 1 else f"at most {ratio:g} times the rate of stable"


def bare(count: Count) -> str:
    """3 in 4 020, where the word was just said."""
    return f"{number(count.hits)} in {number(count.events)}"
