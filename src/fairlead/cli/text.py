"""How things look to a person: tables, durations, moments, sizes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 1 min`, `4 d 3 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for place, (size, unit) in enumerate(_UNITS):
        if seconds >= size:
            smaller, name = (_UNITS[place + 1]) if place + 1 < len(_UNITS) else (1.0, "s")
            rest = int(seconds % size // smaller)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{int(seconds)} s"


def ago(moment: str) -> str:
    """How long ago an ISO 8601 moment was."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    return "just now" if seconds < 1 else f"{duration(seconds)} ago"


def at(moment: str) -> str:
    """An ISO 8601 moment in the time zone of the reader, to the second."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), indent: int = 0) -> str:
    """Columns as wide as their widest cell; styled cells count as they look."""
    given = [[*map(str, row)] for row in rows]
    lines = [[click.style(cell, bold=True) for cell in head], *given] if head else given
    if not lines:
        return ""
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(" " * indent + _row(line, widths) for line in lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Columns of a terminal: wide letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in click.unstyle(text))


def url(host: str, port: int, scheme: str = "http") -> str:
    """What a person can click on or hand to curl: an IPv6 address stands in brackets (RFC 3986, 3.2.2)."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def count(number: int, noun: str) -> str:
    """`1 replica`, `2 replicas`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
