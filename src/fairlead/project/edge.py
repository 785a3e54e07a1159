"""`edge`: where requests come in, whose word on a client's address is believed, and the policies of all routes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fairlead.project import values
from fairlead.project.policies import Policies
from fairlead.project.sections import Flag, Line, OptionalLine, OptionalVariableName, Port, Section, text_like

_Address = Annotated[
    str | None, text_like("an IP address such as 127.0.0.1, or localhost", values.ADDRESS, values.address)
]
_Network = Annotated[
    str, text_like("a network such as 10.0.0.0/8, or an IP address", values.NETWORK, values.network)
]  # fmt: skip


class Certificate(Section):
    """One item of `edge.certificates`."""

    cert: Line
    key: OptionalLine = None
    secret: OptionalVariableName = None


class Edge(Section):
    """`edge`."""

    http: Port = None
    https: Port = None
    address: _Address = None
    certificates: tuple[Certificate, ...] = ()
    redirect: Flag = True
    trusted_proxies: tuple[_Network, ...] = ()
    policies: Policies = Field(default_factory=Policies)
