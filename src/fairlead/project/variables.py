"""`variables`: values that differ by environment, with their types."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from fairlead.project.sections import Flag, OptionalLine, OptionalWritten, Section, Written, choice

_TYPES = ("url", "port", "int", "bool", "duration", "size", "e-mail", "hex", "base64", "json", "enum", "regex")
_Type = Literal["url", "port", "int", "bool", "duration", "size", "e-mail", "hex", "base64", "json", "enum", "regex"]


class Variable(Section):
    """One entry of `variables`."""

    short: ClassVar[str] = "default"
    short_kinds: ClassVar[tuple[type, ...]] = (str, int, float)
    what: ClassVar[str] = "a value, or a mapping"

    type: Annotated[_Type | None, choice(*_TYPES)] = None
    values: tuple[Written, ...] = ()
    pattern: OptionalLine = None
    default: OptionalWritten = None
    example: OptionalWritten = None
    secret: Flag = False
    required: Flag = True
