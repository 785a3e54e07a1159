"""Who gets which secret of a stack, and under which name. Pure.

A secret with `rotate: {kind: jwt}` has a document beside it: of a key pair the public keys (`NAME_JWKS`, RFC 7517), of
a shared key the list of those that count (`NAME_KEYS`), the one that signs first.
"""

from __future__ import annotations

from fairlead.project.access import derived_names, role_secrets, store_secrets
from fairlead.project.stack import Job, SecretSpec, Service, ServiceSecret, Stack

JWKS, KEYS = "JWKS", "KEYS"


def consumers(stack: Stack) -> tuple[Service | Job, ...]:
    """Everything that gets a secret, or a file that is made with one."""
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    return tuple(item for item in items if handed(item) or templates_for(item, stack))


def handed(item: Service | Job) -> tuple[ServiceSecret, ...]:
    """All that it gets: its secrets, and how it reaches the stores that it uses."""
    return (*item.secrets, *item.access)


def templates_for(item: Service | Job, stack: Stack) -> tuple[str, ...]:
    """Where the templates with secrets that it gets go, below its folder. One that names nobody is for all."""
    secret = (one for one in stack.templates if one.secret)
    return tuple(one.target for one in secret if not one.services or item.name in one.services)


def consumers_of(stack: Stack, name: str) -> tuple[Service | Job, ...]:
    """Everything that gets this one."""
    return tuple(item for item in consumers(stack) if any(one.name == name for one in handed(item)))


def secret_names(stack: Stack) -> tuple[str, ...]:
    """Every secret of the back end that a service, a job or a store gets, sorted."""
    services = {one.name for item in consumers(stack) for one in handed(item)} - derived_names(stack)
    own = ((*store_secrets(one), *role_secrets(one)) for one in stack.stores)
    return tuple(sorted(services.union(*own)))


def spec_of(stack: Stack, name: str) -> SecretSpec:
    """How it was declared; one that was not has nothing said of it."""
    return next((one for one in stack.secrets if one.name == name), SecretSpec(name))


def document_of(stack: Stack, name: str) -> str | None:
    """The name of the document beside a secret; None when it has none."""
    spec = spec_of(stack, name)
    if spec.rotate.kind != "jwt":
        return None
    shared = spec.generate is not None and spec.generate.kind == "jwt-hs256"
    return f"{name}_{KEYS if shared else JWKS}"


def file_names(item: Service | Job, stack: Stack) -> tuple[str, ...]:
    """The files that lie in the folder of a service or job: its secrets, the documents beside them, its templates."""
    documents = (document_of(stack, one.name) for one in handed(item))
    names = (*(one.name for one in handed(item)), *(name for name in documents if name))
    return (*names, *templates_for(item, stack))


def path_variables(item: Service | Job, stack: Stack) -> dict[str, str]:
    """The variables that name a file, and the name of each in the item's folder."""
    found = {one.variable: one.name for one in handed(item) if one.delivery == "file"}
    for one in handed(item):
        if document := document_of(stack, one.name):
            found[f"{one.key or one.name}{document.removeprefix(one.name)}_FILE"] = document
    return found


def value_variables(item: Service | Job) -> dict[str, str]:
    """The variables that hold a value itself, and the name of each in the item's folder."""
    return {one.variable: one.name for one in handed(item) if one.delivery == "env"}
