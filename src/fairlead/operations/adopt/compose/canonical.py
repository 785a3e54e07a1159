"""One form for what Compose lets be written in several: a list of `KEY=value` is a mapping, one text is a list of one.

Merging and reading then need to know one form only. Marks stay those of the file.
"""

from __future__ import annotations

import re

from fairlead.project.tree import Items, Mapping, Node, Scalar, text_of

PAIRS = ("environment", "sysctls")
LABELS = ("labels", "annotations")
NAMED = ("depends_on", "networks", "models")
_HERE = re.compile(r"\$(PWD\b|\{PWD(:?-[^{}]*)?\})(?=/|$|:)")
LISTS = ("dns", "dns_search", "tmpfs", "env_file", "label_file")


def service(node: Mapping) -> Mapping:
    """A copy of a service in the one form."""
    made = copied(node)
    for key, value in node.items.items():
        made.items[key] = _value(key, value)
        made.items[key].tag = value.tag
    return made


def copied(node: Mapping) -> Mapping:
    """A mapping of its own with the same entries."""
    return Mapping(node.path, node.mark, node.key, dict(node.items))


def _value(key: str, node: Node) -> Node:
    if key in LISTS and isinstance(node, Scalar) and node.value is not None:
        return Items(node.path, node.mark, node.key, [node])
    if key == "extends" and text_of(node):
        return Mapping(node.path, node.mark, node.key, {"service": node})
    forms = {**dict.fromkeys(PAIRS, pairs), **dict.fromkeys(LABELS, labels), **dict.fromkeys(NAMED, named)}
    forms |= {"build": _build, "deploy": _deploy, "volumes": _volumes}
    return forms[key](node) if key in forms else node


def _volumes(node: Node) -> Node:
    if not isinstance(node, Items):
        return node
    return Items(node.path, node.mark, node.key, [_volume(one) for one in node.items])


def _volume(node: Node) -> Node:
    if isinstance(node, Mapping) and "source" in node.items:
        return _with(node, "source", _here(node.items["source"]))
    return _here(node)


def _here(node: Node) -> Node:
    """A path whose beginning the shell says: it is the folder that Docker Compose is called in."""
    found = _HERE.match(node.text) if isinstance(node, Scalar) else None
    if found is None or not isinstance(node, Scalar):
        return node
    text = f".{node.text[found.end() :]}"
    return Scalar(node.path, node.mark, node.key, text, text)


def _deploy(node: Node) -> Node:
    if isinstance(node, Mapping) and "labels" in node.items:
        return _with(node, "labels", labels(node.items["labels"]))
    return node


def _with(node: Mapping, key: str, value: Node) -> Mapping:
    made = copied(node)
    made.items[key] = value
    return made


def _build(node: Node) -> Node:
    if text_of(node):
        return Mapping(node.path, node.mark, node.key, {"context": _here(node)})
    if isinstance(node, Mapping):
        if "context" in node.items:
            node = _with(node, "context", _here(node.items["context"]))
        for key, form in (("args", pairs), ("labels", labels)):
            if key in node.items:
                node = _with(node, key, form(node.items[key]))
    return node


def pairs(node: Node) -> Node:
    """`["A=1", "B"]` as `{A: "1", B: null}`."""
    if not isinstance(node, Items):
        return node
    made = Mapping(node.path, node.mark, node.key)
    for item in node.items:
        if isinstance(item, Scalar) and item.value is not None:
            name, equals, value = item.text.partition("=")
            made.items[name] = Scalar(item.path, item.mark, None, value if equals else None, value)
    return made


def labels(node: Node) -> Node:
    """Pairs as well, but one without a value has an empty one: nothing outside gives it another."""
    made = pairs(node)
    if not isinstance(made, Mapping):
        return made
    made = copied(made)
    for name, one in made.items.items():
        if isinstance(one, Scalar) and one.value is None:
            made.items[name] = Scalar(one.path, one.mark, one.key, "", "")
    return made


def named(node: Node) -> Node:
    """`[a, b]` as `{a: null, b: null}`."""
    if not isinstance(node, Items):
        return node
    made = Mapping(node.path, node.mark, node.key)
    for item in node.items:
        if isinstance(item, Scalar) and item.text:
            made.items[item.text] = Scalar(item.path, item.mark, None, None, "")
    return made
