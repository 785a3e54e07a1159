"""The sections of a project as commented YAML that a person goes on with."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairlead.project.compose import resolved

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

_BESIDE = ("resources", "stop", "edge", "limits", "options")  #: short mappings that read better on one line
_WIDE = 90  #: characters


def text(tree: Mapping[str, Any], head: str, before: Mapping[tuple[str, ...], str]) -> str:
    """YAML of the tree with `head` above it and a comment line above every path of `before`."""
    from ruamel.yaml import YAML  # noqa: PLC0415 — 30 ms

    writer = YAML()
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    made = _mapping(tree, ())
    made.yaml_set_start_comment(head)
    for path, comment in before.items():
        _comment(made, path, comment)
    stream = io.StringIO()
    writer.dump(made, stream)
    return stream.getvalue()


def _comment(made: CommentedMap, path: tuple[str, ...], comment: str) -> None:
    holder: Any = made
    for key in path[:-1]:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    if isinstance(holder, Mapping) and path[-1] in holder:
        above = "\n" if len(path) == 1 else ""
        holder.yaml_set_comment_before_after_key(path[-1], before=above + comment, indent=2 * (len(path) - 1))  # type: ignore[attr-defined]


def _mapping(data: Mapping[str, Any], path: tuple[str, ...]) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415

    made = CommentedMap()
    for key, value in data.items():
        made[_scalar(str(key))] = value_of(value, (*path, str(key)))
    if made and _is_short(data, path):
        made.fa.set_flow_style()
    return made


def value_of(value: Any, path: tuple[str, ...]) -> Any:
    """Data as ruamel.yaml keeps it; `path` decides what goes on one line."""
    if isinstance(value, Mapping):
        return _mapping(value, path)
    if isinstance(value, list | tuple):
        return _items(value, path)
    return _scalar(value)


def _items(value: list[Any] | tuple[Any, ...], path: tuple[str, ...]) -> Any:
    from ruamel.yaml.comments import CommentedSeq  # noqa: PLC0415

    made = CommentedSeq(value_of(one, (*path, "-")) for one in value)
    plain = all(isinstance(one, str | int | float) and "\n" not in str(one) for one in value)
    if plain and sum(len(str(one)) + 4 for one in value) <= _WIDE:
        made.fa.set_flow_style()
    return made


def _is_short(data: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a mapping of scalars goes on one line: entries of lists, of variables and secrets, and a few others."""
    if not all(isinstance(one, str | int | float) and "\n" not in str(one) for one in data.values()):
        return False
    is_entry = path[-1:] == ("-",) or path[-1:] in {(key,) for key in _BESIDE} or path[-2:-1] in _ENTRIES
    return is_entry and sum(len(f"{key}: {one}, ") for key, one in data.items()) <= _WIDE


_ENTRIES = (("variables",), ("secrets",))


_ELSEWHERE = ("<<", "yes", "no", "on", "off", "y", "n")  #: which older readers of YAML take for something else


def _scalar(value: Any) -> Any:
    """Text that YAML would take for something else goes in quotes."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted  # noqa: PLC0415

    if isinstance(value, str) and (not isinstance(resolved(value), str) or value.lower() in _ELSEWHERE):
        return Quoted(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
