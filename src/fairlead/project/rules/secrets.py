"""Rules of names that must stay secret: declared once, and used only where their values may go."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.tree import Mapping, Node, Scalar, child, children, quoted, select, text_of

_SIGN = ("ed25519", "rsa", "jwt-hs256")
_ADDRESS = re.compile(r"rediss?://[^@/\s]+(/\d+)?")


def secret_names(tree: Mapping) -> frozenset[str]:
    """Every name whose value is secret: those of `secrets`, and of the secret variables."""
    declared = {str(name) for name, _ in children(child(tree, "secrets"))}
    typed = {str(name) for name, one in children(child(tree, "variables")) if _says_secret(one)}
    return frozenset(declared | typed)


def _says_secret(variable: Node) -> bool:
    node = child(variable, "secret")
    return isinstance(node, Scalar) and node.value is True


def once(tree: Mapping) -> Iterator[Problem]:
    """A name is a variable or a secret."""
    variables = child(tree, "variables")
    for name, node in children(child(tree, "secrets")):
        other = child(variables, name)
        if other is not None:
            text = f"{quoted(str(name))} names a secret and, on line {other.at.line}, a variable; keep one of them"
            yield problem(node, text)


def no_default(tree: Mapping) -> Iterator[Problem]:
    """A secret never has its value in this file."""
    for _, variable in children(child(tree, "variables")):
        node = child(variable, "default")
        if node is not None and _says_secret(variable):
            yield problem(node, "a secret has no value in this file; use `fairlead secrets set`")


def declared(tree: Mapping) -> Iterator[Problem]:
    """Services, jobs, stores and builds name secrets that there are."""
    known = secret_names(tree)
    for section in ("services", "jobs", "stores"):
        for node in select(tree, section, "*", "secrets", "*"):
            named = child(node, "name") or node
            name = text_of(named)
            if name is not None and name not in known:
                yield _unknown(named, name, known)
    places = (
        ("services", "*", "build", "secrets", "*"), ("edge", "certificates", "*", "secret"),
        ("stores", "*", "backup", "access_key"), ("stores", "*", "backup", "secret_key"),
        ("volumes", "*", "backup", "access_key"), ("volumes", "*", "backup", "secret_key"),
    )  # fmt: skip
    for node in (node for place in places for node in select(tree, *place)):
        name = text_of(node)
        if name is not None and name not in known:
            yield _unknown(node, name, known)


def _unknown(node: Node, name: str, known: frozenset[str]) -> Problem:
    advice = did_you_mean(name, known) or "; declare it under secrets"
    return problem(node, f"there is no secret {quoted(name)}{advice}")


def rotated(tree: Mapping) -> Iterator[Problem]:
    """What a kind of rotation needs is said, and nothing of it is a credential."""
    for name, one in children(child(tree, "secrets")):
        rotate = child(one, "rotate")
        kind = text_of(child(rotate, "kind"))
        if kind == "jwt":
            yield from _signing(str(name), one)
        elif kind == "redis":
            yield from _redis(str(name), rotate, secret_names(tree))


def _signing(name: str, one: Node) -> Iterator[Problem]:
    generate = child(one, "generate")
    made = text_of(child(generate, "kind")) or text_of(generate)
    if made not in _SIGN:
        yield problem(one, f"{quoted(name)} signs tokens, so it is made as a key; set generate to {', '.join(_SIGN)}")


def _redis(name: str, rotate: Node | None, known: frozenset[str]) -> Iterator[Problem]:
    url, admin = child(rotate, "url"), child(rotate, "admin")
    if rotate is not None and (url is None or child(rotate, "user") is None):
        yield problem(rotate, f"the rotation of {quoted(name)} needs url and user")
    if url is not None and not _ADDRESS.fullmatch(text_of(url) or ""):
        yield problem(url, "is no address of a Redis server; it looks like redis://HOST:PORT, without a password")
    if admin is not None and (text_of(admin) or "") not in known:
        yield _unknown(admin, text_of(admin) or "", known)


RULES = (once, no_default, declared, rotated)
