"""YAML, one document or several, as the events of its parser: aliases are not followed, so none can grow."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from fairlead.render.formats.base import Event, Malformed, Words, raw

DEPTH = 100
LARGEST = 128 * 1024  #: characters; its reader needs seconds for more
_BEGINS, _ENDS = ("MappingStart", "SequenceStart"), ("MappingEnd", "SequenceEnd")


class Yaml(Words):
    """The format."""

    name = "YAML"

    def events(self, text: str) -> list[Event]:
        """As the parser has them; a scalar with the way it is quoted."""
        if len(text) > LARGEST:
            raise Malformed(0, f"larger than {LARGEST // 1024} KiB, which nobody writes by hand")
        found, depth = [], 0
        try:
            for event in YAML(typ="safe", pure=True).parse(text):
                kind = type(event).__name__.removesuffix("Event")
                depth += (kind in _BEGINS) - (kind in _ENDS)
                if depth > DEPTH:
                    raise Malformed(event.start_mark.index, f"nested deeper than {DEPTH} levels")
                found += _events(kind, event)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Malformed(mark.index if mark else 0, str(error.problem or error.context)) from None
        except ReaderError as error:
            raise Malformed(error.position, "a control character, which YAML does not allow") from None
        return found

    def escapes(self, kind: str) -> Sequence[Callable[[str], str]]:
        """By the quotes that the template has."""
        if kind.endswith('"'):
            return (lambda value: json.dumps(value, ensure_ascii=False)[1:-1],)
        return (lambda value: value.replace("'", "''"),) if kind.endswith("'") else (_bare,)


def _bare(value: str) -> str:
    """Without quotes. Two signs are no text there: what merges a mapping into another, and its like of old."""
    if value in ("<<", "="):
        raise Malformed(0, "<< and = mean something to YAML; put the variable in quotes")
    return raw(value)


def _events(kind: str, event: Any) -> list[Event]:
    found = [Event("anchor", str(event.anchor))] if getattr(event, "anchor", None) else []
    tag = getattr(event, "ctag", None) or getattr(event, "tag", None)
    found += [Event("tag", str(tag))] if tag else []
    if kind == "Scalar":
        return [*found, Event(f"scalar {event.style or 'plain'}", event.value)]
    return [*found, Event(kind)]
