"""One store of a stack as a Compose service.

A store that names its image is taken as it is: nothing is added that it does not say. One that names no image gets a
usual one, a volume for its data and a health check.
"""

from __future__ import annotations

import shlex
from typing import Any

from fairlead.project.stack import Stack, Store
from fairlead.render.compose import parts
from fairlead.render.compose.values import Reference, filled

POSTGRES, REDIS, S3 = "postgres:17-alpine", "redis:8-alpine", "chrislusf/seaweedfs:3.97"


def runs(store: Store) -> bool:
    """Whether it is a container here, and not a server elsewhere that only a URL is known of."""
    return store.container.image is not None or (store.url is None and store.kind != "container")


def store(stack: Stack, one: Store) -> dict[str, Any]:
    """A store, with what its own `compose` says merged in."""
    usual = {} if one.container.image is not None else _usual(one)
    env = {key: filled(value, stack) for key, value in one.env.items()} | parts.environment(stack, one.secrets)
    made: dict[str, Any] = usual | parts.described(stack, one.container)
    if one.command:
        made["command"] = [filled(part, stack) for part in shlex.split(one.command)]
    made |= {
        "environment": _password(one, env) if usual else env,
        "secrets": parts.files(one.secrets),
        "deploy": parts.deploy(one.container.resources),
    }
    return parts.finished(stack, made, one.container.compose)


def _usual(one: Store) -> dict[str, Any]:
    data = f"{one.name}-data"
    checks = {"interval": "5s", "timeout": "5s", "retries": 12}
    if one.kind == "postgres":
        line = ["-c", f"max_connections={one.max_connections}"] if one.max_connections else []
        test = ["CMD", "pg_isready", "-U", one.env.get("POSTGRES_USER", "postgres")]
        return {"image": POSTGRES, "command": ["postgres", *line] if line else None,
                "volumes": [f"{data}:/var/lib/postgresql/data"], "healthcheck": {"test": test, **checks}}  # fmt: skip
    if one.kind == "redis":
        return {"image": REDIS, "volumes": [f"{data}:/data"],
                "healthcheck": {"test": ["CMD", "redis-cli", "ping"], **checks}}  # fmt: skip
    return {"image": S3, "command": ["server", "-s3", "-dir=/data"], "volumes": [f"{data}:/data"]}


def _password(one: Store, env: dict[str, str]) -> dict[str, str]:
    """PostgreSQL does not start without one: Compose asks for it unless the store says something of it."""
    said = {"POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_HOST_AUTH_METHOD"} & env.keys()
    if one.kind != "postgres" or said:
        return env
    name = one.name.upper().replace("-", "_") + "_PASSWORD"
    return env | {"POSTGRES_PASSWORD": Reference(f"${{{name}:?set it}}")}
