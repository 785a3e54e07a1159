"""The commented example of each section: documentation, descriptions of the schema and a test in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from fairlead.errors import UsageError
from fairlead.project.compose import compose
from fairlead.project.tree import Node, Path, children

SECTIONS = (
    "name", "variables", "secrets", "secret_backend", "services", "jobs", "tests", "edge", "stores", "volumes",
    "templates", "smoke", "rollout", "deploy", "notify", "registry", "compose", "may_differ", "environments",
)  # fmt: skip

_COMMENT = re.compile(r"\s#\s+(.*)$")


@cache
def section_docs(name: str) -> str:
    """The commented example of a section as YAML. UsageError for a section that there is not."""
    if name not in SECTIONS:
        raise UsageError(f'there is no section "{name}"', f"the sections are {', '.join(SECTIONS)}")
    return files("fairlead.project").joinpath("docs", f"{name}.yml").read_text("utf-8")


def comments(name: str) -> Iterator[tuple[Path, str]]:
    """Every key of a section's example that begins a line with a comment behind it: its path, and the comment."""
    text = section_docs(name)
    tree, _ = compose(text, f"{name}.yml")
    lines = text.splitlines()

    def walk(node: Node) -> Iterator[tuple[Path, str]]:
        for _, below in children(node):
            line = lines[below.at.line - 1]
            begins = re.fullmatch(r"[ -]*", line[: below.at.column - 1])
            if begins and below.key and (comment := _COMMENT.search(line)):
                yield below.path, comment.group(1)
            yield from walk(below)

    yield from walk(tree)
