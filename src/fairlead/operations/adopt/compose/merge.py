"""One service over another, as Compose merges override files and `extends` (compose-spec, 13-merge.md).

Mappings merge, lists add up, `command`, `entrypoint` and the test of a health check are replaced. What names a place in
the container (ports, volumes, secrets, configs) is there once: the last one counts.
"""

from __future__ import annotations

from fairlead.project.tree import Items, Mapping, Node, Path, Scalar, child, text_of

RESET, OVERRIDE = TAGS = ("!reset", "!override")
"""How an override file takes a key away, or has its own instead of both."""

_REPLACED = ("command", "entrypoint", "test")
_PLACES = {"volumes": "target", "ports": "target", **dict.fromkeys(("secrets", "configs"), "source")}
MOST = 20_000  #: entries that are looked at, all merging together


class TooMuch(Exception):
    """`extends` and overrides multiply to more than anybody wrote by hand."""


class Merger:
    """Merges nodes and counts what that costs."""

    def __init__(self) -> None:
        self._cost = 0

    def merged(self, base: Node | None, over: Node, key: str = "") -> Node:
        """`over` over `base`; neither is changed. TooMuch when it would never end."""
        if base is None or key in _REPLACED or over.tag == OVERRIDE:
            return over
        if isinstance(base, Mapping) and isinstance(over, Mapping):
            return self._mapping(base, over)
        if isinstance(base, Items) and isinstance(over, Items):
            return self._items(base, over, key)
        return base if isinstance(over, Scalar) and over.value is None and not isinstance(base, Scalar) else over

    def _pay(self, cost: int) -> None:
        self._cost += cost
        if self._cost > MOST:
            raise TooMuch

    def _mapping(self, base: Mapping, over: Mapping) -> Mapping:
        self._pay(len(base.items) + len(over.items))
        made = Mapping(over.path, over.mark, over.key, dict(base.items))
        for key, value in over.items.items():
            if value.tag == RESET:
                made.items.pop(key, None)
            else:
                made.items[key] = self.merged(base.items.get(key), value, key)
        return made

    def _items(self, base: Items, over: Items, key: str) -> Items:
        self._pay(len(base.items) + len(over.items))
        found: dict[object, Node] = {}
        for number, item in enumerate((*base.items, *over.items)):
            found[_identity(item, key) or number] = item
        return Items(over.path, over.mark, over.key, list(found.values()))


def _identity(item: Node, key: str) -> object:
    """What makes two items of a list the same one; None: they never are."""
    if isinstance(item, Scalar):
        return _volume_target(item.text) if key == "volumes" else item.text
    if key == "ports":
        return tuple(text for text in (_text(item, one) for one in ("target", "published", "protocol", "host_ip")))
    return _text(item, _PLACES[key]) if key in _PLACES else None


def _text(item: Node, key: str) -> str:
    found = child(item, key)
    return found.text if isinstance(found, Scalar) else ""


def _volume_target(text: str) -> str:
    parts = text.split(":")
    return parts[0] if len(parts) == 1 else parts[1]


def rebased(node: Mapping, folder: str) -> Mapping:
    """A service of another folder's file, its paths written as they are seen from here."""
    if not folder:
        return node
    made = Mapping(node.path, node.mark, node.key, dict(node.items))
    for path in (("build", "context"), ("extends", "file")):
        _rebase_at(made, path, folder)
    for key in ("env_file", "label_file", "volumes"):
        if isinstance(found := made.items.get(key), Items):
            items = [_rebased_item(item, key, folder) for item in found.items]
            made.items[key] = Items(found.path, found.mark, found.key, items)
    return made


def _rebase_at(node: Mapping, path: Path, folder: str) -> None:
    first, second = str(path[0]), str(path[1])
    holder = node.items.get(first)
    if isinstance(holder, Mapping) and (found := holder.items.get(second)) is not None and text_of(found):
        entries = {**holder.items, second: _moved(found, folder)}
        node.items[first] = Mapping(holder.path, holder.mark, holder.key, entries)


def _rebased_item(item: Node, key: str, folder: str) -> Node:
    if isinstance(item, Mapping):
        name = "source" if key == "volumes" else "path"
        found = item.items.get(name)
        if found is not None and (key != "volumes" or (text_of(found) or "").startswith(".")):
            return Mapping(item.path, item.mark, item.key, {**item.items, name: _moved(found, folder)})
        return item
    if key == "volumes" and not (text_of(item) or "").startswith("."):
        return item
    return _moved(item, folder)


def _moved(node: Node, folder: str) -> Node:
    text = text_of(node)
    if not text or text.startswith(("/", "~", "$")) or "://" in text:
        return node
    made = f"{folder}/{text.removeprefix('./')}"
    made = made if made.startswith(".") else f"./{made}"
    return Scalar(node.path, node.mark, node.key, made, made)
