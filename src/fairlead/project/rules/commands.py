"""Rules of `${NAME}`: where it may stand, which names there are, and that each has a value where it is used."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project import placeholders
from fairlead.project.problem import Problem, blame, did_you_mean, problem
from fairlead.project.rules.secrets import secret_names
from fairlead.project.rules.services import entries
from fairlead.project.tree import Mapping, Node, Scalar, child, children, quoted, select, text_of

_EVERYWHERE = frozenset(placeholders.NAMES)
_WORKER = _EVERYWHERE - {"PORT"}
_JOB = _WORKER - {"INSTANCE"}
_SECRETLY = "list it under the secrets of the service, which then reads it from the file that NAME_FILE names"
_RENDERED = frozenset({"ENVIRONMENT", "PROJECT"})
_CONTAINER = ("image", "build", "user", "workdir", "volumes", "publish", "compose")
_ARTIFACT = frozenset({"FAIRLEAD", "PYTHON"})  #: an artifact serves every environment and must not know one


def names(tree: Mapping) -> Iterator[Problem]:
    """Every name in braces has a value where it stands."""
    secret = secret_names(tree)
    variables = child(tree, "variables")
    declared = frozenset(str(key) for key, _ in children(variables)) - secret
    gone = variables.removed if isinstance(variables, Mapping) else {}
    services = entries(tree, "services")
    for entry in services.values():
        known = declared | (_EVERYWHERE if "port" in entry.items else _WORKER)
        yield from _entry(entry, services, known, secret, gone)
    for section in ("services", "stores"):
        for entry in entries(tree, section).values():
            yield from _container(entry, declared | _RENDERED, secret, gone)
    for node in _scalars(child(tree, "compose")):
        yield from _checked(node, declared | _RENDERED, secret, gone)
    for entry in entries(tree, "jobs").values():
        yield from _entry(entry, services, declared | _JOB, secret, gone)
    for node in select(tree, "tests", "*"):
        yield from _checked(node, declared | _ARTIFACT, secret, gone)


def _entry(
    entry: Mapping,
    services: dict[str, Mapping],
    known: frozenset[str],
    secret: frozenset[str],
    variables: dict[str, Node],
) -> Iterator[Problem]:
    gone = variables | ({"PORT": entry.removed["port"]} if "port" in entry.removed else {})
    for node in (
        *select(entry, "command"),
        *select(entry, "entrypoint"),
        *select(entry, "health", "command"),
        *select(entry, "health", "engine"),
        *select(entry, "env", "*"),
    ):
        yield from _checked(node, known, secret, gone)
    for node in select(entry, "prepare", "run", "*"):
        yield from _checked(node, _ARTIFACT, secret, {})
    yield from _inherited(entry, services, known)


def _container(
    entry: Mapping, known: frozenset[str], secret: frozenset[str], gone: dict[str, Node]
) -> Iterator[Problem]:
    """What is settled when files are rendered: it knows no instance."""
    for key in _CONTAINER:
        for node in _scalars(child(entry, key)):
            yield from _checked(node, known, secret, gone)
    if "kind" in entry.items:  # a store
        for node in (*select(entry, "command"), *select(entry, "env", "*")):
            yield from _checked(node, known, secret, gone)


def _scalars(node: Node | None) -> Iterator[Node]:
    if isinstance(node, Scalar):
        yield node
    for _, below in children(node):
        yield from _scalars(below)


def _checked(node: Node, known: frozenset[str], secret: frozenset[str], gone: dict[str, Node]) -> Iterator[Problem]:
    """`gone` is what an environment has taken away, by the null that did it."""
    try:
        unknown = [name for name in _used(node) if name not in known]
    except ValueError as error:
        yield problem(node, str(error))
        return
    for name in dict.fromkeys(unknown):
        place = blame(node, gone.get(name))
        if name in secret:
            yield problem(place, f"${{{name}}} is secret, and what stands here can be read by others; {_SECRETLY}")
        elif place is not node and name != "PORT":
            yield problem(place, f"{quoted(name)} is removed here and still used on line {node.at.line}")
        else:
            yield problem(place, f"${{{name}}} has no value here{_advice(name, known)}")


def _advice(name: str, known: frozenset[str]) -> str:
    if name == "PORT" and known >= _WORKER:
        return "; the service has no port"
    if len(known) == 1:
        return f"; only ${{{next(iter(known))}}} has"
    return did_you_mean(name, (known | _EVERYWHERE) - {name}) or f"; use one of {', '.join(sorted(known))}"


def _used(node: Node) -> list[str]:
    return list(placeholders.names(text_of(node) or ""))


def _inherited(entry: Mapping, services: dict[str, Mapping], known: frozenset[str]) -> Iterator[Problem]:
    """What comes from the service it is like must have a value here too."""
    own, like = child(entry, "env"), child(entry, "like")
    for key, node in children(child(services.get(text_of(like) or ""), "env")):
        try:
            unknown = [name for name in _used(node) if name in _EVERYWHERE - known]
        except ValueError:  # said where it stands
            continue
        if unknown and like is not None and child(own, key) is None:
            what = f"env {key} of {quoted(text_of(like) or '')} uses ${{{unknown[0]}}}"
            yield problem(blame(like, node), f"{what}, which has no value here; set {key} in env")


RULES = (names,)
