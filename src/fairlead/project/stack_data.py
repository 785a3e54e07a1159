"""A stack as plain data, and back: what is stored of a release."""

from __future__ import annotations

import copy
import dataclasses
import types
import typing
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

T = TypeVar("T")


def to_data(value: object) -> dict[str, Any]:
    """A stack (or any dataclass here) as plain JSON data, defaults included.

    As `dataclasses.asdict`, which has each text and number copied too: a journal writes hundreds of values per rollout.
    """
    names = _names(type(value))  # type: ignore[arg-type]
    return {name: _plain(getattr(value, name)) for name in names}


_WHOLE = frozenset((str, int, float, bool, type(None)))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _WHOLE:
        return value
    if kind in (tuple, list):
        return kind(map(_plain, value))
    if kind is dict:
        return {key: _plain(one) for key, one in value.items()}
    return to_data(value) if dataclasses.is_dataclass(value) else copy.deepcopy(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(kind))


def from_data(kind: type[T], data: dict[str, Any]) -> T:
    """The inverse of `to_data`. Keys it does not know are ignored, so an older Fairlead reads a newer release."""
    readers = _readers(kind)  # type: ignore[arg-type]
    return kind(**{key: _read(readers[key], value) for key, value in data.items() if key in readers})


_Reader = Callable[[Any], Any] | None  #: None: what is there is what is meant


@cache
def _readers(kind: type) -> dict[str, _Reader]:
    """By field. Made once: a release has hundreds of values, and is read again and again."""
    return {name: _reader(hint) for name, hint in typing.get_type_hints(kind).items()}


def _reader(hint: Any) -> _Reader:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return _reader(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        one = _reader(parts[0])
        return lambda value: tuple(_read(one, item) for item in value)
    if origin is dict:
        one = _reader(parts[1])
        return lambda value: {key: _read(one, item) for key, item in value.items()}
    return partial(from_data, hint) if dataclasses.is_dataclass(hint) else None  # type: ignore[arg-type]


def _read(reader: _Reader, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)
