"""What must stay secret: how it is made, changed, kept and handed over. Never a value. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ServiceSecret:
    """A secret that a service reads: as a file, or in its environment."""

    name: str
    delivery: Literal["file", "env"] = "file"
    key: str | None = None  #: what the service calls it; None: its name

    @property
    def variable(self) -> str:
        """The variable of the service's environment: with the value, or with the path of the file."""
        name = self.key or self.name
        return name if self.delivery == "env" else f"{name}_FILE"


@dataclass(frozen=True, slots=True)
class Generate:
    """How a secret is made, once."""

    kind: Literal["password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid"]
    length: int | None = None  #: characters, for rsa bits; None: what is usual for the kind


@dataclass(frozen=True, slots=True)
class Rotate:
    """How old a secret may get, and how it is changed while it is in use. Times are seconds."""

    every: float | None = None  #: None: never by schedule
    kind: Literal["plain", "jwt", "redis", "postgres"] = "plain"
    cache: float = 300.0  #: jwt: how long the slowest verifier keeps the key set
    lifetime: float = 3600.0  #: jwt: of the longest token
    lag: float = 30.0  #: redis, postgres: how long a client may keep an old password
    url: str | None = None  #: redis: the server
    user: str | None = None  #: redis: whose password it is
    admin: str | None = None  #: redis: the secret with which the administrator logs in; None: the user changes itself
    admin_user: str | None = None  #: redis: who that is
    reload: Literal["restart", "read"] = "restart"  #: how services come to know another value


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """What must stay secret: its name, never its value."""

    name: str
    generate: Generate | None = None
    rotate: Rotate = field(default_factory=Rotate)
    type: str | None = None  #: of a secret variable: url, port … as `variables` has it
    values: tuple[str, ...] = ()  #: of one that is an enum
    pattern: str | None = None  #: of one that is a regex
    required: bool = True


@dataclass(frozen=True, slots=True)
class SecretBackend:
    """Where the values of secrets are kept. What a kind does not use is None."""

    kind: Literal["age", "environment", "vault", "aws", "exec"] = "age"
    url: str | None = None
    mount: str | None = None
    path: str | None = None
    region: str | None = None
    namespace: str | None = None
    auth: Literal["token", "approle"] | None = None
    get: str | None = None  #: exec: the command that prints a value; `{name}` stands for the name
    set: str | None = None  #: exec: the command that takes a value from its standard input
