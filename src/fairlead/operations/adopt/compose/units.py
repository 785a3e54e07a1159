"""Compose's durations, sizes and numbers, and how Fairlead writes them. None: not one that can be read here."""

from __future__ import annotations

import re

_TIME = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:h|ms|us|µs|ns|m|s))+")
_PART = re.compile(r"([0-9.]+)(h|ms|us|µs|ns|m|s)")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*(?:(b)|([kmgt])(?:i?b)?)?", re.I)
_POWERS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def seconds(text: str) -> float | None:
    """Of Go's durations: `10s`, `1m30s`, `1.5h`."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _TIME[unit] for number, unit in _PART.findall(text) if number.count(".") < 2)


def duration(text: str) -> str | None:
    """As Fairlead writes it, to the millisecond."""
    found = seconds(text)
    if found is None or found >= 1e9:
        return None
    for unit, length in (("h", 3600), ("m", 60), ("s", 1)):
        if found and found % length == 0:
            return f"{int(found // length)}{unit}"
    return f"{round(found * 1000)}ms"


def size(text: str) -> str | None:
    """`512m`, `1.5gb`, `1073741824` as Fairlead writes them: `512M`, `1536M`, `1G`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    length = round(float(match[1]) * _POWERS.get((match[3] or "").upper(), 1))
    for unit in "TGMK":
        if length and length % _POWERS[unit] == 0:
            return f"{length // _POWERS[unit]}{unit}"
    return f"{length}B" if length < 10**9 else None


def number(text: str) -> float | None:
    """A plain number above 0."""
    found = float(text) if re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,6})?", text) else 0.0
    return found if 0 < found <= 1024 else None


def whole(text: str) -> int | None:
    """A whole number without a sign."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def as_read(value: str | int | float | bool | None, text: str) -> str:
    """A value without quotes as Docker Compose hands it on: read as YAML 1.1, then printed as Go does."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value or "")
    if re.fullmatch(r"[-+]?0[0-7]+", text):
        return str(int(text, 8))
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
