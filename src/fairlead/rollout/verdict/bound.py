"""How bad a release can still be after what was seen of it: the exact bound of Clopper and Pearson (1934)."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_ENOUGH = 1e-13


@lru_cache(maxsize=4096)
def upper_bound(hits: int, events: int, confidence: float) -> float:
    """Largest share of hits that fits `hits` in `events`, 0..1, one-sided, at `confidence` (0.95).

    1 without events.
    """
    if events <= 0 or hits >= events:
        return 1.0
    if hits <= 0:
        return -math.expm1(math.log1p(-confidence) / events)
    return _inverse_beta(confidence, hits + 1, events - hits)


@lru_cache(maxsize=1024)
def events_needed(hits: int, limit: float, confidence: float) -> int:
    """How many events with `hits` hits in all show at `confidence` that the share of hits is below `limit` (0..1)."""
    if not 0 < limit < 1:
        return hits + 1
    if hits <= 0:
        return max(1, math.ceil(math.log1p(-confidence) / math.log1p(-limit)))
    low, high = hits, max(2 * hits, 16)
    while not _shown(hits, high, limit, confidence):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _shown(hits, middle, limit, confidence) else (middle, high)
    return high


def _shown(hits: int, events: int, limit: float, confidence: float) -> bool:
    return events > hits and incomplete_beta(hits + 1, events - hits, limit) >= confidence


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b) for a, b > 0: continued fraction by Lentz's method.

    Source: Press et al., Numerical Recipes, 6.4; DLMF 8.17.22.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)
    if x < (a + 1) / (a + b + 2):
        return min(1.0, math.exp(front) * _fraction(a, b, x) / a)
    return max(0.0, 1 - math.exp(front) * _fraction(b, a, 1 - x) / b)


def _log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function, also where the difference of large lgammas would have lost its figures."""
    if min(a, b) < 1000:
        small, large = sorted((a, b))
        return math.lgamma(small) - _log_rise(large, small)
    total = a + b
    rest = _stirling(a) + _stirling(b) - _stirling(total)
    size = 0.5 * math.log(2 * math.pi) - 0.5 * math.log(a) - 0.5 * math.log(b) + 0.5 * math.log(total)
    return size + rest + a * math.log(a / total) + b * math.log(b / total)


def _log_rise(large: float, small: float) -> float:
    """log(gamma(large + small) / gamma(large))."""
    if large < 1000:
        return math.lgamma(large + small) - math.lgamma(large)
    total = large + small
    grown = (large - 0.5) * math.log1p(small / large) + small * math.log(total) - small
    return grown + _stirling(total) - _stirling(large)


def _stirling(x: float) -> float:
    return 1 / (12 * x) - 1 / (360 * x**3)


def _fraction(a: float, b: float, x: float) -> float:
    """Where a step would divide by zero, it divides by next to nothing. No call in it: this is most of a verdict."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 200_000):
        twice = a + 2 * m
        for step in (m * (b - m) * x / ((twice - 1) * twice), -(a + m) * (a + b + m) * x / (twice * (twice + 1))):
            d = 1 + step * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + step / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return value


def _inverse_beta(share: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = share: Newton's method, kept inside a bracket that halves where it would leave it."""
    low, high = 0.0, 1.0
    x = min(max((a + 1.7 * math.sqrt(a)) / (a + b), 1e-12), 1 - 1e-12)
    log_beta = _log_beta(a, b)
    for _ in range(200):
        error = incomplete_beta(a, b, x) - share
        low, high = (low, x) if error > 0 else (x, high)
        slope = (a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - log_beta
        step = error * math.exp(min(-slope, 700.0))
        guess = x - step if low < x - step < high else (low + high) / 2
        if abs(guess - x) <= 1e-11 * x:
            return guess
        x = guess
    return x
