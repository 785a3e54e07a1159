"""`routes`: which requests a service gets, and what the edge does with them first."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from fairlead.project import values
from fairlead.project.policies import Limit, Policies
from fairlead.project.sections import Flag, OptionalHost, RoutePath, Section, text_like, whole

_PATH = text_like("a path such as /api, which starts with / and needs no escaping", values.URL_PATH)
_TO = text_like("a path such as /new, or an address such as https://www.example.com", values.REDIRECT)
_OptionalPath = Annotated[str | None, _PATH]


class Redirect(Section):
    """`redirect`: the edge answers with another address; what follows the prefix stays."""

    short: ClassVar[str | None] = "to"
    what: ClassVar[str] = "a path such as /new, an address, or a mapping"

    to: Annotated[str, _TO]
    permanent: Flag = False


class Route(Section):
    """An item of `routes`: which requests a service gets."""

    short: ClassVar[str | None] = "path"
    what: ClassVar[str] = "a path such as /api, or a mapping"

    path: RoutePath = "/"
    host: OptionalHost = None
    priority: Annotated[int, whole(0, 100)] = 0
    rewrite: _OptionalPath = None
    redirect: Redirect | None = None
    fallback: _OptionalPath = None
    limit: Limit | None = None
    policies: Policies = Field(default_factory=Policies)
