"""`smoke`: requests through the edge that a new release must answer before it gets users, and again after."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fairlead.project.sections import Duration, OptionalHost, Section, Target, Written, text_like, whole

Header = Annotated[str, text_like("the name of a header such as content-type", r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")]
Contained = Annotated[str | None, text_like("text that is not empty", r"(?:.|[\n\r\u2028\u2029])+")]


class Smoke(Section):
    """One item of `smoke`."""

    path: Target
    host: OptionalHost = None
    status: Annotated[int, whole(100, 599)] = 200
    contains: Contained = None
    header: dict[Header, Written] = Field(default_factory=dict)
    timeout: Duration = 5.0
