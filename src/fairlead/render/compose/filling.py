"""A template with secrets, cut into what is known and what a shell fills in later, with values nobody here knows. Pure.

`render_template` holds a value against its file by reading it anew, which a shell cannot. So what each place takes is
found out beforehand: a way to write any value, or only what means nothing to the format.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from fairlead.errors import ConfigurationError
from fairlead.project import placeholders
from fairlead.render.checking import kinds
from fairlead.render.compose.derived import Hole, How
from fairlead.render.formats.table import format_of
from fairlead.render.template import render_template

Pieces = tuple[str | Hole, ...]


def pieces(text: str, values: Mapping[str, str], secrets: Collection[str], format: str, file: str) -> Pieces:
    """The template with `values` filled in, and a hole for each secret. ConfigurationError as `render_template` has."""
    places = [one.name for one in placeholders.find(text)]
    used = [name for name in dict.fromkeys(places) if name in secrets and name not in values]
    begin, end = _marks(text, values)
    marked = {name: f"{begin}{number:06d}{end}" for number, name in enumerate(used)}
    filled = render_template(text, {**values, **marked}, format, file)
    found = re.split(f"{begin}([0-9]{{6}}){end}", filled)
    hows = iter([how for name, how in zip(places, _hows(text, format), strict=True) if name in marked])
    if format == "xml":
        hows = iter(_references(text, values, marked, file))
    made: list[str | Hole] = []
    for number, piece in enumerate(found):
        made += [Hole(used[int(piece)], next(hows))] if number % 2 else [piece] if piece else []
    return tuple(made)


def _marks(text: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Digits mean the same to every format, also without quotes; these are in none of what is there."""
    there = "\0".join((text, *values.values()))
    number = next(one for one in range(5501, 9999) if str(one) not in there)
    return str(number), str(number)


def _hows(text: str, format: str) -> list[How]:
    """How a value is written at each place."""
    reader = format_of(format)
    places = tuple(placeholders.find(text))
    if reader is None:
        return ["as it is" for _ in places]
    found = kinds(text, places, reader)
    return [_how(format, found.get(number, "")) for number in range(len(places))]


def _references(text: str, values: Mapping[str, str], marked: Mapping[str, str], file: str) -> list[How]:
    """Where XML takes a reference, in the order of places: it is tried with one."""
    try:
        filled = render_template(text, {**values, **{name: f"{mark}&" for name, mark in marked.items()}}, "xml", file)
    except ConfigurationError:
        filled = render_template(text, {**values, **marked}, "xml", file)
    found = re.findall(f"(?:{'|'.join(marked.values())})(&amp;)?", filled) if marked else []
    return ["reference" if one else "plain" for one in found]


def _how(format: str, kind: str) -> How:
    """nginx has no way to write some values, and YAML without quotes none either: they take what is plain."""
    if format == "json":
        return "number" if kind == "number" else "quoted"
    if format == "yaml" and kind.endswith('"'):
        return "quoted"
    if format == "yaml" and kind.endswith("'"):
        return "doubled"
    return "plain"
