"""`secrets`: the names of what must stay secret, how it is made and how often it changes. Never a value."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from fairlead.project.sections import (
    Duration,
    OptionalCommandLine,
    OptionalDuration,
    OptionalLine,
    Section,
    choice,
    whole,
)

_KINDS = ("password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid")
_Kind = Literal["password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid"]
_BACKENDS = ("age", "environment", "vault", "aws", "exec")
_Backend = Literal["age", "environment", "vault", "aws", "exec"]


class Generate(Section):
    """`generate`: made once by Fairlead, never changed by a later run."""

    short: ClassVar[str] = "kind"
    what: ClassVar[str] = "a kind such as hex, or a mapping"

    kind: Annotated[_Kind, choice(*_KINDS)]
    length: Annotated[int | None, whole(8, 8192)] = None


class Rotate(Section):
    """`rotate`: how old the value may get, and how it is changed while it is in use."""

    short: ClassVar[str] = "every"
    what: ClassVar[str] = "a duration such as 90d, or a mapping"

    every: OptionalDuration = None
    kind: Annotated[Literal["plain", "jwt", "redis"], choice("plain", "jwt", "redis")] = "plain"
    cache: Duration = 300.0
    lifetime: Duration = 3600.0
    lag: Duration = 30.0
    url: OptionalLine = None
    user: OptionalLine = None
    admin: OptionalLine = None
    admin_user: OptionalLine = None
    reload: Annotated[Literal["restart", "read"], choice("restart", "read")] = "restart"


class Secret(Section):
    """One entry of `secrets`."""

    generate: Generate | None = None
    rotate: Rotate | None = None


class SecretBackend(Section):
    """`secret_backend`: where values are kept."""

    short: ClassVar[str] = "kind"
    what: ClassVar[str] = "a kind such as age, or a mapping"

    kind: Annotated[_Backend, choice(*_BACKENDS)] = "age"
    url: OptionalLine = None
    mount: OptionalLine = None
    path: OptionalLine = None
    region: OptionalLine = None
    namespace: OptionalLine = None
    auth: Annotated[Literal["token", "approle"] | None, choice("token", "approle")] = None
    get: OptionalCommandLine = None
    set: OptionalCommandLine = None
