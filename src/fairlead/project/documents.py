"""What is made of secrets and handed over beside them: documents of keys that sign, and templates. Pure.

A secret with `rotate: {kind: jwt}` has a document beside it: of a key pair the public keys (`NAME_JWKS`, RFC 7517), of
a shared key the list of those that count (`NAME_KEYS`), the one that signs first.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.project.stack import Job, SecretSpec, Service, ServiceSecret, Stack

JWKS, KEYS = "JWKS", "KEYS"


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


def documents_of(stack: Stack, handed: Iterable[ServiceSecret]) -> dict[str, str]:
    """Those beside what is handed over: the variable that names the file, and what the document is called."""
    found = {}
    for one in handed:
        if document := document_of(stack, one.name):
            found[f"{one.key or one.name}{document.removeprefix(one.name)}_FILE"] = document
    return found


def templates_for(item: Service | Job, stack: Stack) -> tuple[str, ...]:
    """Where the templates with secrets that it gets go, below its folder. One that names nobody is for all."""
    secret = (one for one in stack.templates if one.secret)
    return tuple(one.target for one in secret if not one.services or item.name in one.services)
