"""`secrets`: the names of what must stay secret, how it is made and how often it changes. Never a value."""

from __future__ import annotations

from typing import Annotated, Literal

from fairlead.project.sections import OptionalDuration, Section, choice, whole

_KINDS = ("password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid")
_Kind = Literal["password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid"]


class Generate(Section):
    """`generate`: made once by Fairlead, never changed by a later run."""

    kind: Annotated[_Kind, choice(*_KINDS)]
    length: Annotated[int | None, whole(8, 8192)] = None


class Secret(Section):
    """One entry of `secrets`."""

    generate: Generate | None = None
    rotate: OptionalDuration = None
