"""Every kind of rotation there is, by its name in the project file."""

from __future__ import annotations

from fairlead.secrets.rotation.kinds.base import RotationKind
from fairlead.secrets.rotation.kinds.jwt import JWT
from fairlead.secrets.rotation.kinds.plain import PLAIN
from fairlead.secrets.rotation.kinds.postgres import POSTGRES
from fairlead.secrets.rotation.kinds.redis import REDIS

KINDS: dict[str, RotationKind] = {"plain": PLAIN, "jwt": JWT, "redis": REDIS, "postgres": POSTGRES}
