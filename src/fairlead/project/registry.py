"""`registry`: where images go that are built here."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fairlead.project import values
from fairlead.project.sections import OptionalLine, Section, text_like

_Address = Annotated[
    str,
    text_like(
        "the address of a registry such as ghcr.io/acme, without a scheme",
        r"(?:localhost|[A-Za-z0-9.-]+\.[A-Za-z0-9.-]+|[A-Za-z0-9.-]+(?=:))(?::[0-9]{1,5})?(?:/[a-z0-9._-]+)*/?",
    ),
]
OptionalSecret = Annotated[str | None, text_like("a variable name such as REGISTRY_TOKEN", values.VARIABLE)]


class Registry(Section):
    """`registry`: an address, and who logs in there."""

    short: ClassVar[str] = "url"
    what: ClassVar[str] = "an address such as ghcr.io/acme, or a mapping"

    url: _Address
    user: OptionalLine = None
    secret: OptionalSecret = None
