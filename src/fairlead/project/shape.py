"""The shape of the file: what pydantic finds wrong, said in this project's words and at the right place."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from fairlead.project.problem import MOST, Problem, did_you_mean
from fairlead.project.sections import Kind, Section
from fairlead.project.tree import Mapping, Node, Path, children, dotted, nearest, plain, quoted, shown

M = TypeVar("M", bound=Section)

_WANTED = {  #: what to write where something that every file needs is missing
    "name": "; add, for example, name: shop",
    "services": "; add at least one, for example services: {web: {source: ., command: ./serve, port: 8000}}",
    "environments": "; add at least one, for example environments: {local: {runtime: process, edge: {http: 8080}}}",
}

_CONTAINERS = {"dict_type": "a mapping", "tuple_type": "a list", "list_type": "a list"}


def validate(model: type[M], tree: Mapping) -> tuple[M | None, list[Problem]]:
    """The model, or None and everything that is wrong with the shape of `tree`."""
    try:
        return model.model_validate(plain(tree)), []
    except ValidationError as error:
        return None, [_problem(model, tree, one) for one in error.errors(include_url=False)[:MOST]]


def _problem(model: type[Section], tree: Mapping, error: Any) -> Problem:
    steps: Path = error["loc"]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return _missing(tree, steps)
    is_key = steps[-1] == "[key]"
    node, _ = nearest(tree, steps[:-1] if is_key else steps)
    if kind == "extra_forbidden":
        return _unknown(node, str(steps[-1]), known_keys(model, steps[:-1]))
    if kind in ("too_short", "too_long"):
        return _length(node, kind, context)
    if kind == "unfit":
        return Problem(node.at, node.path, context["message"])
    expected = context.get("what") or _CONTAINERS.get(kind) or error["msg"]
    got = quoted(str(steps[-2])) if is_key else shown(node)
    return Problem(node.at, node.path, f"expected {expected}, got {got}{_near_choice(error['input'], context)}")


def _missing(tree: Mapping, steps: Path) -> Problem:
    name = str(steps[-1])
    parent, _ = nearest(tree, steps[:-1])
    removed = parent.removed.get(name) if isinstance(parent, Mapping) else None
    if removed is not None:
        return Problem(removed.at, removed.path, f"{quoted(name)} is required and cannot be removed")
    wanted = _WANTED.get(name, "") if len(steps) == 1 else ""
    return Problem(parent.at, parent.path, f"{quoted(name)} is missing{wanted}")


def _length(node: Node, kind: str, context: dict[str, Any]) -> Problem:
    if isinstance(node, Mapping) and node.removed:
        gone = list(node.removed.values())[-1]
        return Problem(gone.at, gone.path, f"nothing is left in {dotted(node.path)}")
    if kind == "too_long":
        return Problem(node.at, node.path, f"at most {context['max_length']} entries, got {len(list(children(node)))}")
    wanted = _WANTED.get(str(node.path[0]), "; add one") if len(node.path) == 1 else "; add one"
    return Problem(node.at, node.path, f"empty{wanted}")


def _unknown(node: Node, key: str, known: Iterable[str]) -> Problem:
    return Problem(node.at, node.path, f"unknown key {quoted(key)}{did_you_mean(key, known)}")


def _near_choice(value: object, context: dict[str, Any]) -> str:
    return did_you_mean(value, context.get("choices", ())) if isinstance(value, str) else ""


def unknown_key(model: type[Section], node: Node, place: Path) -> Problem | None:
    """A problem if the key at `place` cannot be there; for nulls, which are gone before the model is asked."""
    name, kind = str(place[-1]), _kind_at(model, place[:-1])
    if isinstance(kind, type) and issubclass(kind, Section):
        known = _fields(kind)
        return None if name in known else _unknown(node, name, known)
    if typing.get_origin(kind) is not dict:
        return None
    key: Kind = typing.get_args(kind)[0].__metadata__[0]
    try:
        key.read(name)
    except ValueError:
        return Problem(node.at, node.path, f"expected {key.what}, got {quoted(name)}")
    return None


def _kind_at(model: type[Section], place: Path) -> Any:
    kind: Any = model
    for step in place:
        kind = _below(kind, step)
    return kind


def known_keys(model: type[Section], steps: Path) -> list[str]:
    """The keys that the model at that place has."""
    return list(_fields(_kind_at(model, steps)))


def _fields(model: type[Section]) -> dict[str, Any]:
    """The types of a model's keys, by their names in the file."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _below(kind: Any, step: str | int) -> Any:
    """The type of what stands under `step` in a mapping, list or model."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return _unwrapped(_fields(kind).get(str(step)))
    inner = typing.get_args(kind) or (None, None)
    return _unwrapped(inner[1] if typing.get_origin(kind) is dict else inner[0])


def _unwrapped(kind: Any) -> Any:
    """A type without `| None` and Annotated."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _unwrapped(typing.get_args(kind)[0])
    if origin in (dict, tuple) or isinstance(kind, type):
        return kind
    parts = [part for part in typing.get_args(kind) if part is not type(None)]
    return _unwrapped(parts[0]) if len(parts) == 1 else kind
