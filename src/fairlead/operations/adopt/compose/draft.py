"""A service on its way into the project file, and what all of them share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairlead.operations.adopt.compose.gather import Read
from fairlead.operations.adopt.left import Kind, Report
from fairlead.operations.adopt.values import Text, Values
from fairlead.project import dotenv
from fairlead.project import values as written
from fairlead.project.dotenv import Entry
from fairlead.project.tree import Items, Mapping, Node, Scalar


@dataclass(slots=True)
class Shared:
    """What one service has to know of the others."""

    values: Values
    report: Report
    read: Read
    names: dict[str, str] = field(default_factory=dict)  #: in Compose → here
    stores: frozenset[str] = frozenset()  #: names in Compose
    checked: frozenset[str] = frozenset()  #: services that say something of a health check
    files: dict[str, dict[str, Entry] | None] = field(default_factory=dict)  #: of variables, by their paths
    entries: int = 0  #: that files of variables gave to services so far
    once: frozenset[str] = frozenset()  #: services that others wait for until they have ended

    def variables_of(self, file: str) -> dict[str, Entry] | None:
        """What a file of variables says, read once; None when there is none."""
        if file not in self.files:
            text = self.read(file.removeprefix("./"))
            self.files[file] = None if text is None else self._parsed(text, file)
        return self.files[file]

    def _parsed(self, text: str, file: str) -> dict[str, Entry]:
        entries, findings = dotenv.parse(text, file, {name: one.value for name, one in self.values.env.items()})
        for finding in findings:
            self.report.add("lost", finding)
        return entries


@dataclass(slots=True)
class Draft:
    """One service or store: `own` are Fairlead's keys, `compose` is what only Compose knows."""

    name: str
    shared: Shared
    own: dict[str, Any] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)  #: by the variable it is in

    def say(self, kind: Kind, node: Node, message: str) -> None:
        """Tells the person something of `node`."""
        self.shared.report.say(kind, node, message)

    def text(self, node: Node) -> Text | None:
        """Of a scalar that is not null."""
        if not isinstance(node, Scalar) or node.value is None:
            return None
        return self.shared.values.text(node)

    def line(self, node: Node) -> str | None:
        """One line of text without a secret; None when it is none, which then has been said."""
        found = self.text(node)
        if found is None:
            return None
        if found.secrets:
            self.say(
                "lost", node, f"it holds the secret {found.secrets[0]}, and what stands here can be read by others"
            )
            return None
        return found.text if re.fullmatch(written.TEXT_LINE, found.text) else None

    def passed(self, node: Node) -> Any:
        """A value as Compose gets it: variables are Fairlead's, what holds a secret is left out and said.

        Nothing at all is written `{}`: null takes a key out of a rendered file.
        """
        if isinstance(node, Mapping):
            found = {key: self.passed(one) for key, one in node.items.items()}
            return {key: {} if one is None else one for key, one in found.items() if one is not SECRET}
        if isinstance(node, Items):
            return [one for one in map(self.passed, node.items) if one is not SECRET]
        return self._scalar(node)

    def _scalar(self, node: Node) -> Any:
        if not isinstance(node, Scalar) or node.value is None:
            return None
        if not isinstance(node.value, str):  # 0440 is octal to Compose, and must stay as it was written
            return node.text if re.match(r"[-+]?0[0-9]", node.text) else node.value
        found = self.shared.values.text(node)
        if found.secrets:
            self.say(
                "lost", node, f"it holds the secret {found.secrets[0]}, and what stands here can be read by others"
            )
            return SECRET
        return found.text

    def keep(self, key: str, node: Node) -> None:
        """Hands a whole key on to Compose."""
        found = self.passed(node)
        if found is not SECRET:
            self.compose[key] = found

    def give_secret(self, variable: str, name: str, delivery: str = "env") -> None:
        """The service gets the secret, in a variable of its environment or in a file."""
        made = {"name": name, "as": delivery}
        self.secrets[variable] = made if variable == name else {**made, "key": variable}

    def variable_of(self, name: str) -> str:
        """The variable of the environment that has the secret; it is given when there is none."""
        for variable, one in self.secrets.items():
            if one["as"] == "env" and self.shared.values.secrets.get(one["name"]) == ("name", name):
                return variable
        own = self.shared.values.secret(("name", name), name, self.name)
        self.give_secret(name, own)
        return name


Handler = Callable[[Draft, Node], None]
SECRET = object()  #: stands for a value that must not be written
