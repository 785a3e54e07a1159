"""The published JSON Schema (draft 2020-12): what it accepts the loader accepts, but for the rules between values.

Made from the models, so that it cannot lag behind. What pydantic cannot know is added: short forms, that a name which
matches no pattern is refused, and overlays (nothing is required there, null removes).
"""

from __future__ import annotations

import copy
from typing import Any

from fairlead.project.file import ProjectFile
from fairlead.project.merge import OVERLAID
from fairlead.project.reference import SECTIONS, comments
from fairlead.project.sections import Section

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL: Schema = {"type": "null"}


def json_schema() -> Schema:
    """The schema of fairlead.yaml."""
    schema = _clean(ProjectFile.model_json_schema())
    for name in SECTIONS:
        for path, comment in comments(name):
            _describe(schema, path, comment)
    _add_overlays(schema)
    _add_short_forms(schema)
    return {"$schema": _DIALECT, "title": "fairlead.yaml", **schema}


def _clean(node: Any) -> Any:
    """Without titles and null: null is refused everywhere but in an overlay."""
    if isinstance(node, list):
        return [_clean(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node:
        rest = [part for part in node["anyOf"] if part != _NULL]
        return _clean(rest[0]) if len(rest) == 1 else {**node, "anyOf": _clean(rest)}
    drop = {"title"} if not isinstance(node.get("title"), dict) else set()
    if node.get("default", 0) in (None, [], {}):
        drop.add("default")
    kept = {key: _clean(value) for key, value in node.items() if key not in drop}
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept


def _resolved(schema: Schema, node: Schema) -> Schema:
    """The definition that `node` refers to, or itself."""
    reference = node.get("$ref")
    found: Schema = schema["$defs"][str(reference).rsplit("/", 1)[1]] if reference else node
    return found


def _below(schema: Schema, node: Schema, step: str | int) -> tuple[Schema, str]:
    """What holds the schema of `step` below `node`, and under which key."""
    node = _resolved(schema, node)
    if step in node.get("properties", {}):
        return node["properties"], str(step)
    if "patternProperties" in node:
        return node["patternProperties"], next(iter(node["patternProperties"]))
    return node, "items"


def _at(schema: Schema, path: tuple[str | int, ...]) -> tuple[Schema, str]:
    holder, key = {"": schema}, ""
    for step in path:
        holder, key = _below(schema, holder[key], step)
    return holder, key


def _describe(schema: Schema, path: tuple[str | int, ...], comment: str) -> None:
    if path[0] == "environments" and path[2:3] and path[2] in OVERLAID:
        path = path[:3]
    holder, key = _at(schema, path)
    if isinstance(holder.get(key), dict):
        holder[key].setdefault("description", comment)


def _add_overlays(schema: Schema) -> None:
    environment = schema["$defs"]["Environment"]["properties"]
    for key in OVERLAID:
        described = {name: value for name, value in environment[key].items() if name == "description"}
        environment[key] = {**described, **_nullable(_overlay(schema, schema["properties"][key]))}


def _overlay(schema: Schema, node: Schema) -> Schema:
    """The same, but that in mappings nothing is required and null is allowed. Lists are replaced whole: as they are."""
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[1]
        _define_overlay(schema, name)
        return {"$ref": f"#/$defs/{name}Overlay"}
    if node.get("type") != "object":
        return {key: value for key, value in node.items() if key != "default"}
    parts = {key: value for key, value in node.items() if key not in ("required", "minProperties", "maxProperties")}
    for group in ("properties", "patternProperties"):
        if group in parts:
            parts[group] = {key: _nullable(_overlay(schema, below)) for key, below in parts[group].items()}
    return parts


def _define_overlay(schema: Schema, name: str) -> None:
    if f"{name}Overlay" not in schema["$defs"]:
        schema["$defs"][f"{name}Overlay"] = {}  # stands while a model that refers to itself is read
        schema["$defs"][f"{name}Overlay"] = _overlay(schema, copy.deepcopy(schema["$defs"][name]))


def _nullable(node: Schema) -> Schema:
    return {"anyOf": [node, _NULL]}


def _add_short_forms(schema: Schema) -> None:
    known = [model for model in _models(Section) if model.__name__ in schema["$defs"]]
    shorts = {model: schema["$defs"][model.__name__]["properties"][model.short] for model in known if model.short} | {
        model: {"enum": list(model.words)} for model in known if model.words
    }
    for model, short in shorts.items():
        for name in (model.__name__, f"{model.__name__}Overlay"):
            if name in schema["$defs"]:
                schema["$defs"][name] = {"anyOf": [short, schema["$defs"][name]]}


def _models(model: type[Section]) -> list[type[Section]]:
    return [one for below in model.__subclasses__() for one in (below, *_models(below))]
