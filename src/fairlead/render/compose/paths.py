"""Relative paths of a Compose document, put behind the way from its folder to the project's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fairlead.render.compose.values import Reference

_Change = Callable[[str], str]


def rebased(document: dict[str, Any], base: str) -> dict[str, Any]:
    """The document as it has to stand in a folder from which `base` leads to the project's."""
    if base == ".":
        return document

    def change(path: str) -> str:
        if path.startswith(("/", "~", "$")) or "://" in path:
            return path
        return Reference(f"{base}/{path.removeprefix('./')}".removesuffix("/."))

    services = {name: _service(one, change) for name, one in document["services"].items()}
    changed = document | {"services": services}
    for section in ("configs", "secrets"):
        if section in document:
            changed[section] = {name: _at(one, "file", change) for name, one in document[section].items()}
    return changed


def _at(value: Any, key: str, change: _Change) -> Any:
    """A mapping with the path at `key` changed; anything else as it is."""
    if isinstance(value, Mapping) and isinstance(value.get(key), str):
        return {**value, key: change(value[key])}
    return value


def _service(one: dict[str, Any], change: _Change) -> dict[str, Any]:
    changed = dict(one)
    if "build" in one:
        build = one["build"]
        changed["build"] = change(build) if isinstance(build, str) else _at(build, "context", change)
    if "volumes" in one:
        changed["volumes"] = [_volume(volume, change) for volume in one["volumes"]]
    for key in ("env_file", "label_file"):
        if key in one:
            changed[key] = _files(one[key], change)
    return changed


def _volume(volume: Any, change: _Change) -> Any:
    if isinstance(volume, str):
        source, colon, rest = volume.partition(":")
        return f"{change(source)}{colon}{rest}" if colon and source.startswith(".") else volume
    return _at(volume, "source", change) if volume.get("type") == "bind" else volume


def _files(value: Any, change: _Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [change(one) if isinstance(one, str) else _at(one, "path", change) for one in value]
    return value
