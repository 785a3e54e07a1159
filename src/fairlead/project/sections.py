"""What every section is made of: a model that forbids unknown keys, and kinds of values that can say what they are.

pydantic does the walking, the defaults and the JSON Schema; the kinds do the reading, so that each says in one phrase
what it expects and carries the schema that accepts the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError, core_schema

from fairlead.project import values
from fairlead.project.tree import NOTHING
from fairlead.project.values import Mismatch


@dataclass(frozen=True)
class Kind:
    """A kind of value: the phrase after "expected", how it is read, and the JSON Schema of the same set."""

    what: str
    read: Callable[[Any], Any]
    schema: dict[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return dict(self.schema)

    def _validate(self, value: Any) -> Any:
        try:
            return self.read(value)
        except Mismatch:
            raise PydanticCustomError("expected", "expected", {"what": self.what, "choices": self.choices}) from None
        except ValueError as error:
            raise PydanticCustomError("unfit", "unfit", {"message": str(error)}) from None


class Section(BaseModel):
    """A mapping with known keys. Where `short` is set, a value alone stands for a mapping with that one key; of
    `words` each stands for the mapping that it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: ClassVar[str | None] = None
    short_kinds: ClassVar[tuple[type, ...]] = (str,)  #: of such a value
    words: ClassVar[dict[str, dict[str, Any]]] = {}  #: a word that stands for a whole mapping
    what: ClassVar[str] = "a mapping"

    @model_validator(mode="before")
    @classmethod
    def _opened(cls, value: Any) -> Any:
        if cls.short and isinstance(value, cls.short_kinds):
            return {cls.short: value}
        if isinstance(value, str) and value in cls.words:
            return dict(cls.words[value])
        if not isinstance(value, dict):
            raise PydanticCustomError("expected", "expected", {"what": cls.what, "choices": ()})
        return value


def text_like(what: str, pattern: str, read: Callable[[Any], Any] | None = None) -> Kind:
    """Text that matches `pattern` as a whole."""
    schema = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return Kind(what, read or (lambda value: values.matching(pattern, value)), schema)


def whole(least: int, most: int, upper: bool = True) -> Kind:
    """A whole number in a range; `upper` is whether the message names the upper end."""
    what = f"a whole number from {least} to {most}" if upper else f"a whole number ≥ {least}"
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Kind(what, lambda value: values.whole(value, least, most), schema)


def count_or_off(most: int) -> Kind:
    """How many at most; 0 from `off`."""

    def read(value: object) -> int:
        return 0 if value == "off" else values.whole(value, 1, most)

    schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": most}, {"enum": ["off"]}]}
    return Kind("a whole number ≥ 1, or off", read, schema, ("off",))


def choice(*choices: str) -> Kind:
    """One of a few words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Mismatch
        return value

    *most, last = choices
    what = f"one of {', '.join(most)} or {last}" if len(most) > 1 else f"{most[0]} or {last}" if most else last
    return Kind(what, read, {"enum": list(choices)}, choices)


def number(what: str, above: float, most: float) -> Kind:
    """A number greater than `above`, up to and with `most`."""

    def read(value: Any) -> float:
        found = values.number(value)
        if not above < found <= most:
            raise Mismatch
        return found

    return Kind(what, read, {"type": "number", "exclusiveMinimum": above, "maximum": most})


def number_or_off(what: str, above: float, most: float) -> Kind:
    """The same; 0 from `off`."""
    one = number(f"{what}, or off", above, most)

    def read(value: Any) -> float:
        return 0.0 if value == "off" else one.read(value)

    return Kind(one.what, read, {"anyOf": [one.schema, {"enum": ["off"]}]}, ("off",))


def at_least(what: str, least: float, most: float) -> Kind:
    """A number in a range, both ends included."""

    def read(value: Any) -> float:
        found = values.number(value)
        if not least <= found <= most:
            raise Mismatch
        return found

    return Kind(what, read, {"type": "number", "minimum": least, "maximum": most})


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Mismatch
    return value


def _anything(value: Any) -> Any:
    """As it is, null too: nothing else reads it."""
    if isinstance(value, dict):
        return {key: _anything(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_anything(one) for one in value]
    return None if value is NOTHING else value


_NAME = text_like("a name such as shop (a to z, 0 to 9 and -, at most 40 characters)", values.NAME)
_VARIABLE = text_like("a variable name such as LOG_LEVEL", values.VARIABLE)
_DURATION = text_like("a duration such as 500ms, 10s, 5m, 2h or 30d", values.DURATION, values.duration)
_INSIDE = text_like("a relative path inside the project, without ..", values.INSIDE, values.inside)
_COMMAND = text_like("a command on one line", values.COMMAND, values.command)
_TARGET = text_like("a path such as /health, which starts with / and needs no escaping", values.URL_TARGET)
_ROUTE = text_like("a path such as /api, which starts with / and needs no escaping", values.URL_PATH)
_HOST = text_like("a host name such as shop.example.com", values.HOST, values.host)
_FLAG = Kind("true or false", _flag, {"type": "boolean"})
_WRITTEN = Kind("text, a number, true or false", values.written, {"type": ["string", "number", "boolean"]})

# In `| None` types None means that the key is absent; null in the file is refused by every kind.
Name = Annotated[str, _NAME]
OptionalName = Annotated[str | None, _NAME]
VariableName = Annotated[str, _VARIABLE]
OptionalVariableName = Annotated[str | None, _VARIABLE]
Line = Annotated[str, text_like("text on one line", values.TEXT_LINE)]
OptionalLine = Annotated[str | None, text_like("text on one line", values.TEXT_LINE)]
Written = Annotated[str, _WRITTEN]
OptionalWritten = Annotated[str | None, _WRITTEN]
Flag = Annotated[bool, _FLAG]
OptionalFlag = Annotated[bool | None, _FLAG]
Anything = Annotated[Any, Kind("anything", _anything)]
Duration = Annotated[float, _DURATION]
OptionalDuration = Annotated[float | None, _DURATION]
Size = Annotated[int | None, text_like("a size such as 512M or 2G", values.SIZE, values.size)]
Inside = Annotated[str, _INSIDE]
OptionalInside = Annotated[str | None, _INSIDE]
CommandLine = Annotated[str, _COMMAND]
OptionalCommandLine = Annotated[str | None, _COMMAND]
Target = Annotated[str, _TARGET]
OptionalTarget = Annotated[str | None, _TARGET]
RoutePath = Annotated[str, _ROUTE]
OptionalHost = Annotated[str | None, _HOST]
Port = Annotated[int | None, whole(1, 65535)]

Signal = Annotated[
    Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"],
    choice("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"),
]
