"""Which extras of Fairlead's package an environment needs where it runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.stack import Stack
from fairlead.project.static import MODULE

ALWAYS = ("embedded", "secrets")  #: instances and their keeper need a supervisor, and values somebody who decrypts them
BACKENDS = {"vault": "vault", "aws": "aws"}  #: of secrets
OF_STORES = {"postgres": "postgres", "redis": "redis"}


def extras(stack: Stack) -> tuple[str, ...]:
    """Their names, each once."""
    return tuple(dict.fromkeys((*ALWAYS, *_needed(stack))))


def _needed(stack: Stack) -> Iterator[str]:
    if stack.runtime == "docker":
        yield "docker"
    for store in stack.stores:
        if store.kind in OF_STORES:
            yield OF_STORES[store.kind]
        if store.kind == "s3" and stack.runtime == "process" and store.url is None:
            yield "s3"
    if stack.backed_up:
        yield "backup"
    if any(MODULE in service.command for service in stack.services):
        yield "static"
    if stack.notify:
        yield "notify"
    if stack.templates:
        yield "templates"
    if stack.secret_backend.kind in BACKENDS:
        yield BACKENDS[stack.secret_backend.kind]
