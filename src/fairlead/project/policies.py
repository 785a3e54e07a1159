"""`policies`: what the edge does with the requests of a route, and with their answers.

In every model None means: not said here, so what `edge.policies` says counts, and then the default.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairlead.project import values
from fairlead.project.sections import Line, OptionalFlag, Section, choice, count_or_off, text_like

_HEADER = text_like("the name of a header such as Permissions-Policy", r"[A-Za-z][A-Za-z0-9-]{0,63}")
_OR_OFF = r"|off"
_SET = choice("basic", "strict", "off")
_FRAME = choice("DENY", "SAMEORIGIN", "off")
_REFERRER = choice(
    "no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin", "strict-origin",
    "strict-origin-when-cross-origin", "off",
)  # fmt: skip
_AGE = text_like("a duration such as 365d, or off", values.DURATION + _OR_OFF, values.watched)
_BODY = text_like("a size such as 100M, or off", values.SIZE + _OR_OFF, values.size_or_off)
_TIMEOUT = text_like("a duration such as 60s, or off", values.DURATION + _OR_OFF, values.watched)
_RATE = text_like("a rate such as 10/s or 5/m, or off", values.RATE + _OR_OFF)

_Count = Annotated[int | None, count_or_off(1_000_000)]


class Headers(Section):
    """`headers`: what each answer gets. A header that the application sends too is replaced."""

    short: ClassVar[str | None] = "set"
    what: ClassVar[str] = "basic, strict, off, or a mapping"

    set: Annotated[Literal["basic", "strict", "off"] | None, _SET] = None
    hsts: Annotated[float | None, _AGE] = None
    csp: Annotated[str | None, text_like("text on one line", values.TEXT_LINE)] = None
    frame: Annotated[str | None, _FRAME] = None
    nosniff: OptionalFlag = None
    referrer: Annotated[str | None, _REFERRER] = None
    more: dict[Annotated[str, _HEADER], Line] = Field(default_factory=dict)


class Limit(Section):
    """`limit`: how many requests one client may send."""

    short: ClassVar[str | None] = "rate"
    what: ClassVar[str] = "a rate such as 10/s, off, or a mapping"

    rate: Annotated[str, _RATE]
    burst: _Count = None


class Policies(Section):
    """`policies` of a route, and of all routes under `edge`."""

    headers: Headers | None = None
    compress: OptionalFlag = None
    body: Annotated[int | None, _BODY] = None
    timeout: Annotated[float | None, _TIMEOUT] = None
    limit: Limit | None = None
    connections: _Count = None
    websockets: _Count = None
