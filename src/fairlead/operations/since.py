"""Since when, as docker, kubectl and journalctl are told: a time ago, a time, a day, seconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}  #: seconds
_PART = r"(\d+(?:\.\d+)?)(ms|[smhdw])"
_AGO = re.compile(rf"(?:{_PART})+")
_EPOCH = re.compile(r"\d{9,11}(?:\.\d+)?")
_DAYS = {"today": 0, "yesterday": 1}
WAYS = "give a time ago such as 10m, 1h30m or 2d, or a time such as 2026-01-31T20:00:00Z"


def instant(text: str, now: datetime) -> datetime:
    """When that is; a time without a zone is in that of `now`, which has one. ValueError when it is none."""
    if _AGO.fullmatch(text):
        return _back(now, sum(float(number) * UNITS[unit] for number, unit in re.findall(_PART, text)))
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(float(text), now.tzinfo)
    if text in _DAYS:
        return datetime.combine(now.date() - timedelta(days=_DAYS[text]), time(), now.tzinfo)
    return _written(text, now)


def settled(text: str, now: datetime) -> str:
    """The same for a machine in another time zone; a time ago stays one, as clocks differ. ValueError as `instant`."""
    found = instant(text, now)
    return text if _AGO.fullmatch(text) else found.isoformat()


def _back(now: datetime, seconds: float) -> datetime:
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:  # before the calendar begins: since ever
        return datetime.fromtimestamp(0, now.tzinfo)


def _written(text: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is no time') from None
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
