"""Values as a person would write them in the file: `10s` for 10.0 seconds, `2G` for so many bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairlead.project import values
from fairlead.project.sections import Kind

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"), (1.0, "s"))
_SIZES = ((2**40, "T"), (2**30, "G"), (2**20, "M"), (2**10, "K"), (1, "B"))


def shown_value(value: object, kind: Kind | None = None) -> str:
    """`value` as it is written; `kind` is how the file reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is not None and value == 0 and "off" in kind.choices:
        return "off"
    if kind is not None and isinstance(value, int | float) and kind.read in _WRITERS:
        return _WRITERS[kind.read](value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown_time(seconds: float) -> str:
    """`90d`, `1h`, `90s`, `1.5s`, `300ms`."""
    for size, unit in _TIMES:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return values.shown_duration(seconds) if seconds else "0s"


def _watch(seconds: float) -> str:
    return shown_time(seconds) if seconds else "off"


def _size(number: float) -> str:
    size, unit = next((one for one in _SIZES if number >= one[0] and number % one[0] == 0), _SIZES[-1])
    return f"{number / size:g}{unit}"


def _percent(share: float) -> str:
    return f"{share * 100:g}%"


def _rate(per_second: float) -> str:
    return f"{per_second * 60:g}/m" if per_second else "off"


_WRITERS: dict[Callable[[Any], Any], Callable[[float], str]] = {
    values.duration: shown_time,
    values.lasting: shown_time,
    values.latency: shown_time,
    values.watched: _watch,
    values.size: _size,
    values.size_or_off: lambda number: _size(number) if number else "off",
    values.errors_below: _percent,
    values.confidence: _percent,
    values.rate: _rate,
}
