"""YAML text to a tree. Built on the events of ruamel.yaml rather than on its loader, for what a loader forgets.

From the events come the line and column of every key and value, duplicate keys, and the cost of an alias before it is
paid: an alias is a reference, the number of values it stands for is counted, and the count is bounded. Scalars follow
YAML 1.2's core schema (section 10.3.2), so `no`, `on` and 2024-01-01 are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from fairlead.errors import ConfigurationError, Finding
from fairlead.project.problem import MOST
from fairlead.project.scanner import QuickScanner
from fairlead.project.tree import Items, Mapping, Mark, Node, Path, Scalar, dotted, quoted, shown

DEPTH = 40  #: levels of nesting
NODES = 40_000  #: values once every alias has been followed
WHOLE = "a mapping with name, services and environments"

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_UNFIT = re.compile("[\0\ud800-\udfff]")
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_ENDS = ("SequenceEndEvent", "MappingEndEvent")

_PLAINLY = (  #: what ruamel.yaml says of the commonest slips, and what to do about them
    (r"found character '\\t'", "a tab where YAML allows only spaces; indent with spaces"),
    (r"found character '(.)' that cannot start", r"a value cannot start with \1; put it in quotes"),
    (r"mapping values are not allowed here", "a second `: ` in one value, or wrong indentation; put text in quotes"),
    (r"found unexpected end of stream", "a quote is not closed before the end of the file"),
    (r"expected ',' or '[}\]]'", "a bracket is not closed, a comma is missing, or text with brackets needs quotes"),
    (r"expected <block end>", "indented differently from the lines above"),
    (r"could not find expected ':'", "neither `key: value` nor `- item`"),
)  # fmt: skip


class _Stop(Exception):
    """Reading cannot go on; the reason is among the findings."""


def compose(
    text: str, file: str, whole: str = WHOLE, most: int = NODES, tags: tuple[str, ...] = ()
) -> tuple[Mapping, list[Finding]]:
    """The tree of the one document in `text`, and what is wrong but did not end the reading (duplicate keys …).

    `whole` is what such a file is, for the message when it is something else; `most` is how many values it may have,
    `tags` are those that a value may have; every other one is a finding.

    ConfigurationError when there is no tree to speak of: a syntax error, several documents, nothing, not a mapping.
    """
    composer, yaml = _Composer(file, whole, most, tags), YAML(typ="safe", pure=True)
    yaml.Scanner = QuickScanner
    try:
        return composer.document(yaml.parse(text)), composer.findings
    except MarkedYAMLError as error:
        is_open = "end of stream" in str(error.problem)  # then the place is where the quote began
        mark = (error.context_mark if is_open else None) or error.problem_mark or error.context_mark
        composer.report(Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1), (), _syntax(error))
    except ReaderError as error:
        before = text[: error.position]
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        composer.report(mark, (), f"the control character {error.character:#04x} is not allowed in YAML; remove it")
    except _Stop:
        pass
    raise ConfigurationError(composer.findings)


def _syntax(error: Any) -> str:
    problem = str(error.problem or error.context)
    for pattern, sentence in _PLAINLY:
        if match := re.search(pattern, problem):
            return f"not readable as YAML: {match.expand(sentence)}"
    return f"not readable as YAML: {problem}"


@dataclass(slots=True)
class _Composer:
    file: str
    whole: str
    most: int
    tags: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int] | None] = field(default_factory=dict)  #: None while it is being read
    nodes: int = 0  #: counted with every alias followed

    def report(self, mark: Mark, path: Path, message: str) -> None:
        self.findings.append(Finding(self.file, mark.line, mark.column, dotted(path), message))

    def stop(self, mark: Mark, path: Path, message: str) -> _Stop:
        self.report(mark, path, message)
        return _Stop()

    def document(self, events: Iterator[Any]) -> Mapping:
        """The first document; that it is the only one is checked too."""
        root: Node | None = None
        for event in events:
            if _kind(event) == "DocumentStartEvent":
                self._check_document(event, root)
                root = self.node(next(events), events, (), None)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise self.stop(Mark(1, 1), (), f"the file is empty; expected {self.whole}")
        if not isinstance(root, Mapping):
            raise self.stop(root.mark, (), f"expected {self.whole}, got {shown(root)}")
        return root

    def _check_document(self, event: Any, root: Node | None) -> None:
        if root is not None:
            raise self.stop(_mark(event), (), "a second document; keep one, without further --- lines")
        if event.version not in (None, (1, 2)):
            raise self.stop(Mark(1, 1), (), "the file asks for another YAML than 1.2; remove the %YAML line")

    def node(self, event: Any, events: Iterator[Any], path: Path, key: Mark | None) -> Node:
        """The node that begins with `event`."""
        if len(path) > DEPTH:
            raise self.stop(_mark(event), path[:3], f"nested deeper than {DEPTH} levels")
        if _kind(event) == "AliasEvent":
            return self._alias(event, path, key)
        before = self.nodes
        self._count(1, event, path)
        if event.anchor:
            self.anchors[event.anchor] = None
        node = self._build(event, events, path, key)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.nodes - before)
        return node

    def _count(self, more: int, event: Any, path: Path) -> None:
        if len(self.findings) >= MOST:
            raise _Stop
        self.nodes += more
        if self.nodes > self.most:
            raise self.stop(_mark(event), path, f"more than {self.most} values once every alias is followed")

    def _alias(self, event: Any, path: Path, key: Mark | None) -> Node:
        name = event.anchor
        if name not in self.anchors:
            raise self.stop(_mark(event), path, f"alias *{name} has no anchor &{name} before it")
        found = self.anchors[name]
        if found is None:
            raise self.stop(_mark(event), path, f"alias *{name} stands inside its own anchor")
        node, count = found
        self._count(count, event, path)
        return replace(node, path=path, key=key, mark=node.mark if key else _mark(event))

    def _build(self, event: Any, events: Iterator[Any], path: Path, key: Mark | None) -> Node:
        mark = _mark(event)
        tag = "" if event.tag is None or str(event.tag) in _TEXT_TAGS else str(event.tag)
        if tag and tag not in self.tags:
            self.report(key or mark, path, f"the tag {_tag(tag)} is not known here; remove it")
            tag = ""
        if _kind(event) == "ScalarEvent":
            scalar = self._scalar(event, path, key)
            scalar.tag = tag
            return scalar
        if _kind(event) == "SequenceStartEvent":
            return self._items(Items(path, mark, key, tag=tag), events)
        return self._mapping(Mapping(path, mark, key, tag=tag), events)

    def _items(self, node: Items, events: Iterator[Any]) -> Items:
        while _kind(event := next(events)) not in _ENDS:
            node.items.append(self.node(event, events, (*node.path, len(node.items)), None))
        return node

    def _mapping(self, node: Mapping, events: Iterator[Any]) -> Mapping:
        shared: list[Node] = []
        while _kind(event := next(events)) not in _ENDS:
            mark = _mark(event)
            name = self._key(self.node(event, events, node.path, mark))
            value = self.node(next(events), events, (*node.path, name or "?"), mark)
            if name == "<<" and getattr(event, "style", "") is None:
                shared.append(value)
            elif name in node.items:
                self.report(mark, value.path, f"duplicate key; the first one is on line {node.items[name].at.line}")
            elif name is not None:
                node.items[name] = value
        for value in shared:
            self._share(node, value)
        return node

    def _key(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        advice = f"; put it in quotes: {quoted(node.text)}" if isinstance(node, Scalar) and node.text else ""
        self.report(node.mark, node.path, f"expected text as a key, got {shown(node)}{advice}")
        return None

    def _share(self, node: Mapping, value: Node) -> None:
        """`<<`: the keys of other mappings; the node's own come first, then those of the others in their order."""
        for other in value.items if isinstance(value, Items) else [value]:
            if not isinstance(other, Mapping):
                self.report(value.at, node.path, f"<< takes a mapping or a list of mappings, got {shown(other)}")
                continue
            for name, entry in other.items.items():
                node.items.setdefault(name, entry)

    def _scalar(self, event: Any, path: Path, key: Mark | None) -> Scalar:
        mark, text = _mark(event), event.value
        if _UNFIT.search(text):  # JSON writes one character beyond the first 65536 as a pair of escapes
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        if _UNFIT.search(text):
            self.report(key or mark, path, "a NUL or half a surrogate pair, which no program can be given; remove it")
            text = _UNFIT.sub("?", text)
        is_plain = event.style is None and event.tag is None
        return Scalar(path, mark, key, resolved(text) if is_plain else text, text)


def resolved(text: str) -> str | int | float | bool | None:
    """What a scalar without quotes is, by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) <= 300:  # nobody means a longer one as a number
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text if base == 10 else text[2:], base)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _kind(event: Any) -> str:
    return type(event).__name__


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
