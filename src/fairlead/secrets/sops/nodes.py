"""YAML text to nodes that know where they stand in it, so that a change can be a splice.

Only what sops writes is taken: one document, mappings with text as keys, lists, scalars. Aliases, several documents and
deep nesting are refused, each with the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from fairlead.errors import FairleadError

DEPTH = 40  #: levels of nesting
LARGEST = 1 << 20  #: characters; a thousand secrets fit
_ENDS = ("SequenceEndEvent", "MappingEndEvent")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value. `start` and `end` are places in the text."""

    text: str = field(repr=False)
    plain: bool  #: written without quotes, so that its type follows from its text
    start: int
    end: int
    line: int  #: from 1
    column: int  #: from 0
    block: bool = False  #: written below its key, after `|` or `>`


@dataclass(slots=True)
class Mapping:
    """Keys and what stands below them, in the order of the file."""

    line: int
    flow: bool  #: written with braces
    items: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    end: int = 0


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


Node = Scalar | Mapping | Items


def nodes(text: str, file: str) -> Mapping:
    """The root of the one document. FairleadError, with file and line, for what is no such document."""
    if len(text) > LARGEST:
        what = f"{file} is larger than {LARGEST >> 20} MB, which no file of secrets needs"
        raise FairleadError(what, f"put it back from git: `git checkout -- {file}`")
    reader = _Reader(file)
    try:
        return reader.document(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise reader.wrong(mark.line + 1 if mark else 1, "is not readable as YAML; it may be cut off") from None
    except ReaderError as error:
        raise reader.wrong(text.count("\n", 0, error.position) + 1, "holds a character that YAML forbids") from None
    except (ValueError, IndexError, AssertionError):  # of ruamel.yaml, for input that it does not expect either
        raise reader.wrong(1, "is not readable as YAML") from None


@dataclass(slots=True)
class _Reader:
    file: str

    def wrong(self, line: int, what: str) -> FairleadError:
        hint = "put it back as it was, from git: `git checkout -- FILE`"
        return FairleadError(f"{self.file}:{line}: the file {what}", hint.replace("FILE", self.file))

    def document(self, events: Iterator[Any]) -> Mapping:
        root: Node | None = None
        for event in events:
            if _kind(event) == "DocumentStartEvent":
                if root is not None:
                    raise self.wrong(_line(event), "holds several documents")
                root = self.node(next(events), events, 0)
        if isinstance(root, Mapping):
            return root
        raise self.wrong(1, "is empty or holds no names")

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        kind = _kind(event)
        if kind == "AliasEvent" or depth > DEPTH:
            raise self.wrong(_line(event), "holds an alias" if kind == "AliasEvent" else "is nested too deeply")
        if kind == "ScalarEvent":
            return _scalar(event)
        if kind == "SequenceStartEvent":
            return self._items(Items(_line(event)), events, depth)
        return self._mapping(Mapping(_line(event), bool(event.flow_style)), events, depth)

    def _items(self, found: Items, events: Iterator[Any], depth: int) -> Items:
        while _kind(event := next(events)) not in _ENDS:
            found.items.append(self.node(event, events, depth + 1))
        return found

    def _mapping(self, found: Mapping, events: Iterator[Any], depth: int) -> Mapping:
        while _kind(event := next(events)) not in _ENDS:
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                raise self.wrong(found.line, "has a key that is not text")
            if key.text in found.items:
                raise self.wrong(key.line, f"has {key.text} twice")
            found.items[key.text] = (key, value)
        found.end = event.start_mark.index
        return found


def _scalar(event: Any) -> Scalar:
    start, end = event.start_mark, event.end_mark
    plain = event.style is None and event.tag is None
    block = event.style in ("|", ">")
    return Scalar(event.value, plain, start.index, end.index, _line(event), start.column, block)


def _kind(event: Any) -> str:
    return type(event).__name__


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
