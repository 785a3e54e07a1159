"""Values that bypass the variables: a literal that is also the value of a variable in `.env`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fairlead.operations.adopt.values import Values
from fairlead.project.tree import Mapping, Node, Scalar, children

SHORTEST = 4  #: characters; a shorter value is there by chance
MOST = 100  #: variables that are also looked for inside of texts
LONGEST = 2000  #: characters of a text that is looked into
_COMMON = re.compile(
    r"true|false|yes|none|null|info|warn|debug|error|[0-9]{1,3}|latest|local|localhost|production|development|staging|test"
    r"|main|master|postgres|mysql|redis|mongo|minio|root|admin|user|password|http|https|utf-?8",
    re.I,
)
_SKIPPED = ("container_name", "hostname", "profiles", "depends_on", "networks", "extends")


def find(services: Iterable[Mapping], values: Values) -> None:
    """Names every literal in the services that a variable of `.env` stands for."""
    wanted = {
        name: entry.value
        for name, entry in values.env.items()
        if len(entry.value) >= SHORTEST and not _COMMON.fullmatch(entry.value)
    }
    by_value = {value: name for name, value in reversed(wanted.items())}
    long = [(name, value) for name, value in wanted.items() if len(value) >= 2 * SHORTEST][:MOST]
    for one in services:
        for node in _literals(one):
            _look(node, by_value, long, values)


def _literals(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        if node.value is not None:
            yield node
        return
    for key, below in children(node):
        if key not in _SKIPPED:
            yield from _literals(below)


def _look(node: Scalar, by_value: dict[str, str], long: list[tuple[str, str]], values: Values) -> None:
    name = by_value.get(node.text) or by_value.get(node.text.partition("=")[2])
    if name is None and len(node.text) <= LONGEST:
        name = next((name for name, value in long if value in node.text and _stands_in(value, node.text)), None)
    if name is not None:
        values.offer(name)
        values.report.say("hard-coded", node, f"the value that {name} has in {values.file}; write ${{{name}}}")


def _stands_in(value: str, text: str) -> bool:
    """As a word of its own: not `shop` in `shopping`."""
    at = text.find(value)
    if at < 0:
        return False
    before, after = text[at - 1 : at], text[at + len(value) : at + len(value) + 1]
    return not (before.isalnum() or after.isalnum())
