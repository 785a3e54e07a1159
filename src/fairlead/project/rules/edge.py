"""Rules between what a route says of the edge: nothing twice, and nothing that cannot have an effect."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.rules.services import entries
from fairlead.project.tree import Mapping, child, children, text_of

_OF_A_SERVICE = ("rewrite", "fallback", "limit")  #: keys of a route that say nothing where no service is asked


def _routes(tree: Mapping) -> Iterator[Mapping]:
    for entry in entries(tree, "services").values():
        for _, node in children(child(entry, "routes")):
            if isinstance(node, Mapping):
                yield node


def one_limit(tree: Mapping) -> Iterator[Problem]:
    """`limit` of a route is short for that of its policies."""
    for route in _routes(tree):
        short, long = child(route, "limit"), child(route, "policies", "limit")
        if short is not None and long is not None:
            yield problem(long, f"the limit of this route stands on line {short.at.line} too; keep one of them")


def redirects(tree: Mapping) -> Iterator[Problem]:
    """A redirect asks no service, and leads elsewhere."""
    for route in _routes(tree):
        redirect = child(route, "redirect")
        if redirect is None:
            continue
        for key in _OF_A_SERVICE:
            if (node := child(route, key)) is not None:
                yield problem(node, f"{key} has no effect: the edge answers with a redirect, and asks no service")
        to = text_of(redirect) or text_of(child(redirect, "to")) or ""
        if _returns(tree, text_of(child(route, "path")) or "/", to):
            yield problem(redirect, f"{to} is below the path of this route: a browser would be sent round and round")


def _returns(tree: Mapping, path: str, to: str) -> bool:
    """Whether the target comes to the same route again, because no other has a longer prefix of it."""
    if not to.startswith("/") or not _below(to, path):
        return False
    written = [node for one in entries(tree, "services").values() for _, node in children(child(one, "routes"))]
    paths = [text_of(node) or text_of(child(node, "path")) or "/" for node in written]
    return not any(len(one) > len(path) and _below(to, one) for one in paths)


def _below(path: str, prefix: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{prefix.rstrip('/')}/")


def certificates(tree: Mapping) -> Iterator[Problem]:
    """Each has one key, and https to be for."""
    given = child(tree, "edge", "certificates")
    if given is not None and child(tree, "edge", "https") is None:
        yield problem(given, "certificates without https have no effect; add edge.https")
    for _, one in children(given):
        key, secret = child(one, "key"), child(one, "secret")
        if key is None and secret is None:
            yield problem(one, "a certificate needs its key: say key, a file, or secret")
        elif key is not None and secret is not None:
            yield problem(secret, f"the key stands on line {key.at.line} too; keep one of them")


RULES = (one_limit, redirects, certificates)
