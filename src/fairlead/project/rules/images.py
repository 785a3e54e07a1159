"""Rules of images: what they are called, where they go, and for which platforms."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.image_name import ImageName
from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.rules.secrets import secret_names
from fairlead.project.tree import Mapping, Node, child, quoted, select, text_of


def names(tree: Mapping) -> Iterator[Problem]:
    """A name that holds no `${NAME}` can be read now."""
    places = (("services", "*", "image"), ("stores", "*", "image"), ("services", "*", "build", "tags", "*"))
    for node in (node for place in places for node in select(tree, *place)):
        yield from _name(node)


def _name(node: Node) -> Iterator[Problem]:
    text = text_of(node)
    if text is None or "${" in text:
        return
    try:
        ImageName.parse(text)
    except ValueError as error:
        yield problem(node, str(error))


def built(tree: Mapping) -> Iterator[Problem]:
    """A built image is named by what it holds, so its name has no digest, and its tags come from the commit."""
    for entry in select(tree, "services", "*"):
        image = child(entry, "image")
        if image is not None and child(entry, "build") is not None and "@" in (text_of(image) or ""):
            yield problem(image, "is the name that the built image gets, so it has no digest; remove it, or build")


def platforms(tree: Mapping) -> Iterator[Problem]:
    """The platform a service runs on is one of those that it is built for."""
    for entry in select(tree, "services", "*"):
        wanted = child(entry, "platform")
        built_for = [text_of(node) for node in select(entry, "build", "platforms", "*")]
        if wanted is not None and built_for and text_of(wanted) not in built_for:
            yield problem(wanted, f"{text_of(wanted)} is not among build.platforms")


def login(tree: Mapping) -> Iterator[Problem]:
    """Who logs in has a name and a secret that is declared."""
    registry = child(tree, "registry")
    user, secret = child(registry, "user"), child(registry, "secret")
    if user is not None and secret is None:
        yield problem(user, "a user logs in with a secret; add secret, or remove user")
    if secret is None:
        return
    if user is None:
        yield problem(secret, "who logs in with it? add user")
    known, name = secret_names(tree), text_of(secret) or ""
    if name not in known:
        advice = did_you_mean(name, known) or "; declare it under secrets"
        yield problem(secret, f"there is no secret {quoted(name)}{advice}")


RULES = (names, built, platforms, login)
