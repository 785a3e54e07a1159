"""Dataclasses that cost little until one is made: half of what starting a command costs otherwise.

`dataclasses.dataclass` writes five functions for a class, as text, and has each compiled: 0.6 ms of a core. A command
imports hundreds of such classes and makes objects of few. Here equality, hash, text and what keeps fields from being
set are closures, and the initialiser, which has to be quick, is compiled by `dataclasses` when it is first called. What
a class does is the same; `tests/unit/test_classes.py` holds each of ours to that.

It is put in the place of the real one by the programs that are Fairlead, for its own classes: a library that imports
Fairlead has everything as it was.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

real = dataclasses.dataclass
OURS = "fairlead."
OPTIONS = {"frozen", "slots", "kw_only"}
OWN = {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__getstate__", "__setstate__"}


def install() -> None:
    """From now on `from dataclasses import dataclass` is `dataclass` of this module."""
    setattr(dataclasses, "dataclass", dataclass)  # noqa: B010 — it is one of several overloads


def dataclass(cls: type | None = None, /, **how: bool) -> Any:
    """As the real one. What is not ours, and what is asked for seldom, is left to that."""
    if cls is None:
        return lambda given: dataclass(given, **how)
    simple = how.keys() <= OPTIONS and not OWN & vars(cls).keys() and not hasattr(cls, "__dataclass_fields__")
    return _made(cls, **how) if simple and cls.__module__.startswith(OURS) else real(cls, **how)


def _made(cls: type, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> type:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is worked out, to stand there
    made: Any = real(cls, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
    made.__dataclass_params__ = _like(frozen, slots, kw_only).__dataclass_params__
    fields = dataclasses.fields(made)
    compared = tuple(one for one in fields if one.compare)
    made.__init__ = _initialiser(made, frozen)
    made.__repr__ = _text([one.name for one in fields if one.repr])
    made.__eq__ = _equality(_values([one.name for one in compared]))
    made.__hash__ = _hash([one.name for one in fields if (one.compare if one.hash is None else one.hash)], frozen)
    if frozen:
        _freeze(made, [one.name for one in fields], slots)
    return made  # type: ignore[no-any-return]


_LIKE: dict[tuple[bool, ...], Any] = {}


def _like(frozen: bool, slots: bool, kw_only: bool) -> Any:
    """A class of the real kind, made once: it says what was asked for, as others read it."""
    how = (frozen, slots, kw_only)
    if how not in _LIKE:
        _LIKE[how] = real(type("Like", (), {"__doc__": "Like."}), frozen=frozen, slots=slots, kw_only=kw_only)
    return _LIKE[how]


def _initialiser(made: Any, frozen: bool) -> Callable[..., None]:
    def compiled() -> None:
        names = {"__module__": made.__module__, "__qualname__": made.__qualname__, "__doc__": made.__doc__}
        below: Any = type(made)(made.__name__, (made,), names)  # with all fields of `made`, and none of its own
        made.__init__ = real(below, repr=False, eq=False, frozen=frozen).__init__

    def begin(self: Any, *given: Any, **named: Any) -> None:
        compiled()
        made.__init__(self, *given, **named)

    begin.compiled = compiled  # type: ignore[attr-defined]
    return begin


def finish(classes: Iterable[object]) -> None:
    """Compile all initialisers that were not called yet: for a process of which many are forked."""
    for one in classes:
        compiled = getattr(vars(one).get("__init__"), "compiled", None) if isinstance(one, type) else None
        if compiled:
            compiled()


def _values(names: list[str]) -> Callable[[Any], object]:
    """A tuple of these attributes."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple(getattr(one, name) for name in names)


def _text(names: list[str]) -> Callable[[Any], str]:
    @reprlib.recursive_repr()
    def text(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return text


def _equality(values: Callable[[Any], object]) -> Callable[[Any, object], bool]:
    def equals(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equals


def _hash(names: list[str], frozen: bool) -> Callable[[Any], int] | None:
    """None for what may change: then there is no hash."""
    values = _values(names)
    return (lambda self: hash(values(self))) if frozen else None


def _freeze(made: Any, names: list[str], slots: bool) -> None:
    known = frozenset(names)

    def put(self: Any, name: str, value: object) -> None:
        if type(self) is made or name in known:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(made, self).__setattr__(name, value)

    def delete(self: Any, name: str) -> None:
        if type(self) is made or name in known:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(made, self).__delattr__(name)

    def state(self: Any) -> list[object]:
        return [getattr(self, name) for name in names]

    def restore(self: Any, values: list[object]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    made.__setattr__, made.__delattr__ = put, delete
    if slots:  # without `__dict__` there is no other way to copy what does not let itself be set
        made.__getstate__, made.__setstate__ = state, restore
